// The programmer: forms whose every field is judged by the server as it is typed, then a review, then a commit.
import { get, onState, post, state, toast } from "/static/link.js";
import { Curve } from "/static/curve.js";
import { becomeClinician, change } from "/static/shell.js";
import { clock, element, millilitres, minutesOf, volume } from "/static/words.js";

const byId = (id) => document.getElementById(id);
const complain = (error) => toast(error.message, true);

// -- workflows ---------------------------------------------------------------
const tabs = [...document.querySelectorAll("[role=tab]")];
function select(tab) {
  for (const one of tabs) {
    const is = one === tab;
    one.setAttribute("aria-selected", String(is));
    one.tabIndex = is ? 0 : -1;
    byId(one.getAttribute("aria-controls")).hidden = !is;
  }
  history.replaceState(null, "", `#${tab.getAttribute("aria-controls")}`);
  if (tab.id === "t-program") redraw();
}
tabs.forEach((tab, at) => {
  tab.addEventListener("click", () => select(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(at + step + tabs.length) % tabs.length];
    select(next);
    next.focus();
  });
});

// -- steps of a day, as a curve and as a table ----------------------------------
let rows = [{ start: "00:00", rate: "0.480 mL/day" }, { start: "08:00", rate: "0.960 mL/day" }];
let active = [];
const readRate = (text) => {
  const found = /^((?:0|[1-9][0-9]*)(?:\.[0-9]+)?) mL\/day$/.exec(text);
  return found ? Math.round(Number(found[1]) * 1e6) : null;
};
const numbers = () => rows.map((row) => ({ start: minutesOf(row.start), rate: readRate(row.rate) }));
let touched = false; // the form of the program, since it was filled from the pump
const curve = new Curve(byId("curve"), (steps) => {
  touched = true;
  steps.forEach((step, at) => Object.assign(rows[at], { start: clock(step.start), rate: `${(step.rate / 1e6).toFixed(3)} mL/day` }));
  byId("steps").querySelectorAll("tr").forEach((line, at) => {
    line.querySelector("[data-part=start]").value = rows[at].start;
    line.querySelector("[data-part=rate]").value = rows[at].rate;
  });
  total();
});

function redraw() {
  curve.show(numbers(), active);
  total();
}

function total() {
  const steps = numbers();
  if (steps.some((one) => one.start == null || one.rate == null)) return (byId("total").textContent = "");
  const sorted = steps.sort((a, b) => a.start - b.start);
  const sum = sorted.reduce((all, one, at) => all + (one.rate * ((sorted[at + 1]?.start ?? 1440) - one.start)) / 1440, 0);
  byId("total").textContent = `${millilitres(sum)} a day`;
}

function table() {
  byId("steps").replaceChildren(...rows.map((row, at) => {
    const input = (part, words) => {
      const key = `program.step[${at}].${part}`;
      const box = element("input", { value: row[part], "data-part": part, "data-key": key, "aria-label": `${words} of step ${at + 1}`, autocomplete: "off", spellcheck: "false" });
      box.addEventListener("input", () => {
        row[part] = box.value;
        redraw();
      });
      return element("td", {}, box, element("small", { class: "wrong", "data-wrong": key }));
    };
    const drop = element("button", { type: "button", class: "quiet icon", "aria-label": `Remove step ${at + 1}`, disabled: rows.length === 1 }, "×");
    drop.addEventListener("click", () => {
      touched = true;
      rows.splice(at, 1);
      if (at === 0) rows[0].start = "00:00";
      table();
    });
    return element("tr", {}, input("start", "Start"), input("rate", "Rate"), element("td", {}, drop));
  }));
  redraw();
}
byId("add-step").addEventListener("click", () => {
  touched = true;
  const last = minutesOf(rows[rows.length - 1].start) ?? 0;
  rows.push({ start: clock(Math.min(1425, last + 240)), rate: rows[rows.length - 1].rate });
  table();
  byId("steps").lastElementChild.querySelector("input").focus();
});

// -- fields ----------------------------------------------------------------------
function formOf(form) {
  const found = {};
  for (const box of form.querySelectorAll("[data-key]")) {
    if (!box.dataset.key.startsWith("program.step[")) found[box.dataset.key] = box.value;
  }
  for (const box of form.querySelectorAll("[data-table]")) found[box.dataset.table] = box.checked;
  for (const box of form.querySelectorAll("[data-option]")) found[box.dataset.option] = box.checked;
  if (form.id === "program") found["program.step"] = rows;
  return found;
}

function tell(form, problems) {
  for (const place of form.querySelectorAll("[data-wrong]")) place.textContent = "";
  for (const box of form.querySelectorAll("[aria-invalid]")) box.removeAttribute("aria-invalid");
  for (const { field, sentence } of problems) {
    const place = [...form.querySelectorAll("[data-wrong]")].find((one) => one.dataset.wrong === field && one.dataset.wrong) ||
      (field.startsWith("program.step") && form.querySelector('[data-wrong="program.step"]')) || form.querySelector('[data-wrong=""]');
    place.textContent = place.textContent ? `${place.textContent} · ${sentence}` : sentence;
    const box = [...form.querySelectorAll("[data-key]")].find((one) => one.dataset.key === field);
    box?.setAttribute("aria-invalid", "true");
  }
  form.querySelector('[aria-invalid="true"]')?.focus();
}

async function checkField(box) {
  const form = box.closest("form"), key = box.dataset.key, plain = key.replace(/\[[0-9]+\]/, "");
  const place = [...form.querySelectorAll("[data-wrong]")].find((one) => one.dataset.wrong === key);
  if (!place || (!box.value && OPTIONAL.has(plain))) return place && ((place.textContent = ""), box.removeAttribute("aria-invalid"));
  const strength = form.querySelector('[data-key="fill.concentration"]')?.value || "";
  const { problems } = await post("check", { field: plain, form: { "fill.concentration": strength, [plain]: box.value } });
  place.textContent = problems[0]?.sentence || "";
  problems.length ? box.setAttribute("aria-invalid", "true") : box.removeAttribute("aria-invalid");
}
const OPTIONAL = new Set(["patient_bolus.max_volume_24h", "refill.withdrawn"]);

for (const form of document.querySelectorAll("form[data-action]")) {
  form.addEventListener("change", (event) => {
    if (event.target.dataset.key) checkField(event.target).catch(() => {});
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    tell(form, []);
    try {
      await change(form.dataset.action, formOf(form), () => form.id === "program" && (touched = false));
    } catch (error) {
      if (error.problems) tell(form, error.problems);
      else complain(error);
    }
  });
}
for (const box of document.querySelectorAll("[data-table], [data-option]")) {
  const fields = document.querySelector(`[data-fields="${box.dataset.table || box.dataset.option}"]`);
  const follow = () => fields && (fields.hidden = !box.checked);
  box.addEventListener("change", follow);
  follow();
}

// -- orders -----------------------------------------------------------------------
byId("start").addEventListener("click", () => change("start", { mode: "schedule" }).catch(complain));
byId("clock").addEventListener("click", () => change("clock", {}).catch(complain));
const at_once = (body) => becomeClinician().then(() => post("act", body)).then((said) => toast(said.sentence)).catch(complain);
byId("stop").addEventListener("click", () => at_once({ action: "stop", reason: byId("reason").value }));
byId("abort").addEventListener("click", () => at_once({ action: "abort" }));

// -- what the pump has -------------------------------------------------------------
let loaded = "";
let asking = false;
byId("program").addEventListener("input", () => (touched = true));
async function fromPump() {
  const now = state();
  if (asking) return;
  asking = true;
  const { program } = await get("program").catch(() => ({}));
  setTimeout(() => (asking = false), 500);
  if (program?.digest !== now?.status?.program_digest || program.profiles.length !== 1) return;
  active = program.profiles[0].steps.map(([start, rate]) => ({ start, rate }));
  const fill = loaded !== program.digest && !touched; // what a person has typed is never overwritten
  loaded = program.digest;
  byId("program").dataset.loaded = loaded;
  if (fill) {
    rows = active.map((one) => ({ start: clock(one.start), rate: `${plain(one.rate / 1e6)} mL/day` }));
    const settings = now.settings;
    if (settings?.max_per_24h) {
      const put = (key, value) => (byId(`p-${key}`).value = value);
      put("patient_bolus.volume", `${plain(settings.volume_nl / 1e3)} uL`);
      put("patient_bolus.duration", clock(settings.duration_ms / 60000));
      put("patient_bolus.lockout", clock(settings.lockout_ms / 60000));
      put("patient_bolus.max_per_24h", String(settings.max_per_24h));
      put("patient_bolus.max_volume_24h", settings.max_volume_24h_nl ? `${plain(settings.max_volume_24h_nl / 1e6)} mL` : "");
    }
    table();
  } else redraw();
}
const plain = (value) => String(Number(value.toFixed(6)));

onState((now) => {
  const status = now.status;
  if (!status) return;
  byId("start").disabled = status.delivering || !status.has_program;
  byId("stop").disabled = !status.delivering;
  const option = document.querySelector("[data-option=refill]");
  if (!option.dataset.touched) {
    option.dataset.touched = "yes";
    option.checked = !status.filled;
    option.dispatchEvent(new Event("change", { bubbles: true }));
    document.querySelector("[data-option=clock]").checked = !status.clock_trusted;
  }
  byId("refill-expected").textContent = status.filled
    ? `The pump expects ${millilitres(status.remaining_nl)} in the reservoir, ${volume(status.since_fill_nl)} delivered since the last refill.`
    : "No fill is confirmed yet.";
  if (status.has_program && status.program_digest !== loaded && now.settings) fromPump();
});

async function limits() {
  const fields = await get("fields");
  for (const place of document.querySelectorAll("[data-limits]")) place.textContent = fields[place.dataset.limits].limits;
  for (const place of document.querySelectorAll("[data-label]")) {
    const label = fields[place.dataset.label].label;
    place.textContent = label[0].toUpperCase() + label.slice(1);
  }
  for (const box of document.querySelectorAll("input[data-key]")) {
    const field = fields[box.dataset.key.replace(/\[[0-9]+\]/, "")];
    if (field) box.placeholder = OPTIONAL.has(box.dataset.key) ? `none, or ${field.example}` : field.example;
  }
}
table();
select(tabs.find((tab) => `#${tab.getAttribute("aria-controls")}` === location.hash) || tabs[0]);
onState(function once() {
  if (!once.asked) once.asked = limits().catch(complain);
});
addEventListener("resize", redraw);
