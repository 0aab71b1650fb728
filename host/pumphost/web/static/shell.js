// What every page has: the status strip (HMI-05), its age, the banner, the clinician's session, the review of a change.
import { age, me, onState, post, ready, serverLost, state, toast } from "/static/link.js";
import { ago, element, left, millilitres, rate, volume } from "/static/words.js";

const STALE_MS = 5000;
const byId = (id) => document.getElementById(id);
const show = (name, text) => {
  for (const place of document.querySelectorAll(`[data-show="${name}"]`)) {
    if (place.textContent !== text) place.textContent = text;
  }
};

onState((now) => {
  const status = now.status;
  if (!status) return;
  show("mode", status.mode_words);
  show("rate", rate(status.rate_nl_per_day));
  show("next", status.next_change_ms ? `in ${left(status.next_change_ms)}` : "none");
  show("lockout", left(status.lockout_left_ms));
  show("boluses", status.boluses_programmed ? String(status.boluses_left) : "not set up");
  show("nextbolus", nextBolus(status));
  show("last24", volume(status.last_24h_nl));
  show("sincefill", volume(status.since_fill_nl));
  show("remaining", status.filled ? millilitres(status.remaining_nl) : "no fill yet");
  show("alarms", status.alarms.join(", ") || "none");
  document.body.dataset.alarm = now.alarms[0]?.priority || "";
  const who = now.who;
  if (who) {
    const sim = now.bench ? `simulated pump in ${now.bench.interpreter}` : "pump";
    const browsers = now.browsers === 1 ? "1 browser" : `${now.browsers} browsers`;
    byId("who").textContent =
      `${sim} · ${who.model} ${who.uid} · firmware ${who.firmware} · PumpLink ${who.protocol} · ${browsers}`;
  }
  const button = byId("clinician");
  button.hidden = me.remote;
  const others = now.clinician && !me.clinician;
  button.textContent = me.clinician
    ? `End clinician session (${now.clinician_left_s} s)`
    : others ? "Another browser is clinician" : "Begin clinician session";
  button.disabled = Boolean(others);
  document.body.dataset.role = me.clinician ? "clinician" : "patient";
});

function nextBolus(status) {
  if (!status.boluses_programmed) return "not set up";
  if (!status.delivering) return "not while stopped";
  if (status.mode === "patient-bolus") return "one is running";
  if (status.lockout_left_ms) return `in ${left(status.lockout_left_ms)}`;
  return status.boluses_left ? "now" : "none left in 24 h";
}

function freshness() {
  const old = age();
  const stale = old == null || old > STALE_MS;
  document.body.classList.toggle("stale", stale);
  const place = byId("age");
  if (place) place.textContent = old == null ? "no value yet" : stale ? `stale: ${ago(old)} old` : "live";
  const banner = byId("banner");
  let words = "";
  if (stale && (state() || old == null)) {
    const why = serverLost() || state()?.trouble || "";
    const since = old == null ? "No authentic status yet." : "Stale: no authentic status for more than 5 s. What is shown is old.";
    words = `${since} ${why ? why[0].toUpperCase() + why.slice(1) : ""}`;
    if (old == null && performance.now() < 4000) words = "";
  }
  if (banner.textContent !== words) {
    banner.textContent = words;
    banner.hidden = !words;
  }
}
setInterval(freshness, 250);

byId("clinician").addEventListener("click", async () => {
  try {
    const said = await post("clinician", { take: !me.clinician });
    toast(said.role === "clinician" ? "You are the clinician now." : "Clinician session ended.");
    dispatchEvent(new Event("role"));
  } catch (error) {
    toast(error.message, true);
  }
});

export async function becomeClinician() {
  if (!me.clinician) {
    await post("clinician", { take: true });
    me.clinician = true;
    dispatchEvent(new Event("role"));
  }
}

// A change takes two actions: this review, made by the server from the pump itself, and its commit.
export async function change(action, form, done = () => {}) {
  await becomeClinician();
  showReview(await post("review", { action, form }), done);
}

function showReview(review, done) {
  const dialog = byId("review");
  const boxes = review.confirm.map(({ key, says }) =>
    element("div", { class: "confirm" }, element("ul", {}, ...says.map((text) => element("li", {}, text))),
      element("label", {}, element("input", { type: "checkbox", value: key }),
        says.length > 1 ? `These ${says.length} large changes are meant` : "This change is meant")));
  const ticks = boxes.map((box) => box.querySelector("input"));
  const rows = review.rows.map((row) =>
    element("tr", { class: row.large ? "changed large" : row.changed ? "changed" : null },
      element("th", { scope: "row" }, row.label), element("td", {}, row.present),
      element("td", {}, row.changed ? element("strong", {}, row.proposed) : row.proposed),
      element("td", { class: "delta" }, row.large ? `▲ ${row.change}` : row.change || "same")));
  const commit = element("button", { type: "button", class: "main" }, "Commit to the pump");
  const cancel = element("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Change nothing");
  const said = element("p", { class: "said", role: "alert" });
  const ask = () => (commit.disabled = ticks.some((one) => !one.checked));
  ticks.forEach((one) => one.addEventListener("change", ask));
  ask();
  commit.addEventListener("click", async () => {
    commit.disabled = cancel.disabled = true;
    said.textContent = "The pump is asked, and read back …";
    try {
      const result = await post("commit", { review: review.id, confirmed: ticks.map((one) => one.value) });
      if (result.again) {
        toast(result.sentence, true);
        return showReview(result.again, done);
      }
      finish(dialog, review, result);
      done(result);
    } catch (error) {
      said.textContent = error.message;
      said.classList.add("wrong");
      cancel.disabled = false;
      cancel.textContent = "Close";
    }
  });
  dialog.replaceChildren(
    element("h2", { id: "review-title" }, review.title),
    ...review.notes.map((note) => element("p", { class: "aside" }, note)),
    ...review.warnings.map((words) => element("p", { class: "warn" }, words)),
    element("div", { class: "table", tabindex: "0", role: "region", "aria-label": "Present and proposed" },
      element("table", { class: "review" },
        element("thead", {}, element("tr", {}, ...["", "In the pump now", "Proposed", "Change"].map((word) => element("th", { scope: "col" }, word)))),
        element("tbody", {}, ...rows))),
    boxes.length ? element("fieldset", {}, element("legend", {}, "Confirm large changes"), ...boxes) : "",
    said, element("p", { class: "actions" }, cancel, commit));
  if (!dialog.open) dialog.showModal();
  (ticks[0] || commit).focus();
}

function finish(dialog, review, result) {
  const close = element("button", { type: "button", class: "main", onclick: () => dialog.close() }, "Done");
  dialog.replaceChildren(
    element("h2", { id: "review-title" }, review.title),
    element("p", { class: "finished", role: "status" }, element("span", { class: "tick", "aria-hidden": "true" }, "✓"), result.sentence),
    element("p", { class: "actions" }, close));
  close.focus();
}

export { show };
ready();
