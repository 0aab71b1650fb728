// The live page: curves of up to 24 h that grow with every state, the timeline, alarms with lamp and sound, time.
import { get, me, onState, post, state, toast } from "/static/link.js";
import { Plot, Timeline } from "/static/plot.js";
import { change } from "/static/shell.js";
import { ago, element, left, rate, volume } from "/static/words.js";

const byId = (id) => document.getElementById(id);
const millilitre = (nl, exact) => `${(nl / 1e6).toFixed(exact ? 4 : 3)}${exact ? " mL" : ""}`;
const perDay = (nl, exact) => `${(nl / 1e6).toFixed(exact ? 3 : 2)}${exact ? " mL/day" : ""}`;
const kilopascal = (pa, exact) => `${(pa / 1e3).toFixed(exact ? 1 : 0)}${exact ? " kPa" : ""}`;
const line = (name, words, key, step = false) => ({ name, words, get: (row) => row[key], step });
const plots = {
  delivered: new Plot(byId("plot-delivered"), {
    label: "Delivered volume in mL", format: millilitre, least: 2e4, height: 250,
    lines: [line("schedule", "schedule", "ordered_nl"), line("out", "out", "out_nl"), line("pump", "pump", "delivered_nl")] }),
  rate: new Plot(byId("plot-rate"), {
    label: "Rate in mL per day", format: perDay, least: 1e6, lines: [line("pump", "rate", "rate_high", true)] }),
  reservoir: new Plot(byId("plot-reservoir"), {
    label: "Reservoir in mL", format: (nl, exact) => `${(nl / 1e6).toFixed(exact ? 3 : 1)}${exact ? " mL" : ""}`, least: 1e6,
    lines: [line("pump", "remaining", "remaining_nl")], limits: [] }),
  pressure: new Plot(byId("plot-pressure"), {
    label: "Outlet pressure in kPa", format: kilopascal, least: 2e4, lines: [line("out", "pressure", "pressure_pa")],
    limits: [{ value: 70e3, words: "alarm above 70 kPa", always: true }] }),
};
const timeline = new Timeline(byId("plot-timeline"), "Boluses, lockout and alarms over time");

let rows = [];
let stretches = {};
let open = new Set();
let bucket = 60000;
let columns = [];
let span = Number(localStorage.getItem("range") || 1) * 3600e3;

async function load() {
  try {
    const view = await get("history");
    ({ bucket_ms: bucket, columns } = view);
    rows = view.rows.map(unpack);
    stretches = view.timeline;
    open = new Set();
    draw();
  } catch { /* the stream says it */ }
}
const unpack = (row) => Object.fromEntries(columns.map((name, at) => [name, row[at]]));

// The same folding as on the server: the last row of a minute grows, a new minute begins a new one.
function grow(now) {
  if (!now.row || !columns.length) return;
  const row = unpack(now.row);
  const last = rows[rows.length - 1];
  if (last && row.t_ms < last.t_ms - 60000) return void load();
  if (last && Math.floor(last.t_ms / bucket) === Math.floor(row.t_ms / bucket)) rows[rows.length - 1] = row;
  else rows.push(row);
  if (last && row.t_ms - last.t_ms > 3 * bucket) return void load();
  if (rows.length > 1440) rows.shift();
  const marks = new Set(now.status.alarms.map((name) => `alarm:${name}`));
  if (["patient-bolus", "clinician-bolus"].includes(now.status.mode)) marks.add("bolus");
  if (now.status.lockout_left_ms) marks.add("lockout");
  if (!now.status.delivering) marks.add("stopped");
  for (const mark of marks) {
    const list = (stretches[mark] ||= []);
    const end = list[list.length - 1];
    if (end && row.t_ms - end[1] < 2 * bucket && (open.has(mark) || !open.size)) end[1] = row.t_ms;
    else list.push([row.t_ms, row.t_ms]);
  }
  open = marks;
}

function draw() {
  if (!rows.length) return;
  const now = state();
  for (const [name, plot] of Object.entries(plots)) {
    if (name !== "pressure" || now?.bench) plot.draw(rows, span);
  }
  const alarms = Object.keys(stretches).filter((key) => key.startsWith("alarm:")).sort();
  timeline.draw([
    { key: "bolus", words: "bolus", kind: "bolus" }, { key: "lockout", words: "lockout", kind: "lockout" },
    { key: "denied", words: "denied", kind: "denied" }, { key: "stopped", words: "not delivering", kind: "stopped" },
    ...alarms.map((key) => ({ key, words: key.slice(6), kind: "alarm" })),
  ], stretches, rows[rows.length - 1].t_ms, span);
}

const LAMPS = ["lamp off", "lamp steady yellow", "lamp flashes yellow", "lamp flashes red"];
const SOUNDS = ["silent", "one tone", "two tones"];

function signals(now) {
  const alarm = now.alarms[0];
  const priority = { high: 3, medium: 2, low: 1 }[alarm?.priority] || 0;
  const light = now.bench ? now.bench.light : priority;
  const sound = now.bench ? now.bench.sound : now.status.silenced ? 0 : Math.min(2, priority);
  byId("lamp").dataset.light = light;
  byId("lamp-words").textContent = now.bench ? LAMPS[light] || `lamp pattern ${light}` : alarm ? `lamp should be: ${alarm.light}` : LAMPS[0];
  byId("horn").dataset.sound = now.status.silenced ? 0 : sound;
  byId("horn-words").textContent = now.status.silenced ? "silenced for 2 min" : sound ? `sounds: ${SOUNDS[sound] || sound}` : SOUNDS[0];
  byId("silence").hidden = !now.alarms.length || !me.clinician || now.status.silenced;
}

let listed = "";
function list(now) {
  const key = JSON.stringify([now.alarms.map((one) => [one.code, one.state]), me.clinician]);
  if (key === listed) return;
  listed = key;
  const items = now.alarms.map((alarm) =>
    element("li", { class: `alarm ${alarm.priority}` },
      element("span", { class: "sign", "aria-hidden": "true" }, { high: "!!!", medium: "!!", low: "!" }[alarm.priority] || "!"),
      element("div", {},
        element("h3", {}, alarm.name, element("span", { class: "chip" }, `${alarm.priority} priority`),
          element("span", { class: "chip" }, alarm.latched ? "cause gone, acknowledge it" : "active")),
        element("p", {}, `${alarm.says[0]?.toUpperCase() || ""}${alarm.says.slice(1)}.`),
        element("p", { class: "aside" }, `Likely: ${alarm.causes}. Next: ${alarm.next}.`)),
      alarm.latched
        ? element("button", { type: "button", "aria-label": `Acknowledge ${alarm.name}`, onclick: () => acknowledge(alarm.code) }, "Acknowledge")
        : null));
  byId("alarm-list").replaceChildren(...(items.length ? items : [element("li", { class: "none" }, "No alarm is shown.")]));
}

const acknowledge = (code) => change("acknowledge", { code }).catch((error) => toast(error.message, true));

onState((now) => {
  if (!now.status) return;
  grow(now);
  draw();
  signals(now);
  list(now);
  const last = rows[rows.length - 1];
  byId("pressure").hidden = byId("time").hidden = byId("key-out").hidden = !now.bench;
  byId("rate-now").textContent = rate(now.status.rate_nl_per_day);
  plots.rate.say(rate(now.status.rate_nl_per_day));
  const low = now.reservoir?.until_low_min;
  byId("reservoir-now").textContent = low == null ? volume(now.status.remaining_nl) : `${volume(now.status.remaining_nl)}, low in ${ago(low * 60e3)}`;
  plots.reservoir.say(volume(now.status.remaining_nl));
  if (now.limits && !plots.reservoir.limits.length) {
    plots.reservoir.limits = [{ value: now.limits.low_threshold_nl, words: "low" }, { value: now.limits.empty_threshold_nl, words: "empty, the pump stops" }];
  }
  if (last) {
    const gap = last.ordered_nl == null ? now.program_trouble || "no program to compare with" : `${signed(last.delivered_nl - last.ordered_nl)} against the schedule`;
    byId("gap").textContent = gap;
    plots.delivered.say(`${volume(last.delivered_nl)}, ${gap}`);
  }
  if (now.bench) {
    byId("pressure-now").textContent = kilopascal(now.bench.outlet_pa, true);
    plots.pressure.say(kilopascal(now.bench.outlet_pa, true));
    byId("time-words").textContent = `${now.bench.speed} × real time, pump time ${ago(now.status.uptime_ms)}${now.bench.powered ? "" : ", no power"}`;
    const speed = byId("speed");
    if (document.activeElement !== speed) speed.value = String(now.bench.speed);
  }
});
const signed = (nl) => `${nl < 0 ? "−" : "+"}${volume(Math.abs(nl))}`;

for (const button of document.querySelectorAll("[data-range]")) {
  const mark = () => document.querySelectorAll("[data-range]").forEach((one) => one.setAttribute("aria-pressed", String(Number(one.dataset.range) * 3600e3 === span)));
  button.addEventListener("click", () => {
    span = Number(button.dataset.range) * 3600e3;
    localStorage.setItem("range", button.dataset.range);
    mark();
    draw();
  });
  mark();
}
const bench = (request) => post("bench", request).catch((error) => toast(error.message, true));
byId("speed").addEventListener("change", (event) => bench({ do: "speed", speed: Number(event.target.value) }));
for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", async () => {
    const buttons = document.querySelectorAll("[data-advance]");
    buttons.forEach((one) => (one.disabled = true));
    await post("advance", { seconds: Number(button.dataset.advance) }).catch((error) => toast(error.message, true));
    await load();
    buttons.forEach((one) => (one.disabled = false));
  });
}
byId("silence").addEventListener("click", () => post("act", { action: "silence" }).then((said) => toast(said.sentence)).catch((error) => toast(error.message, true)));
addEventListener("resize", draw);
addEventListener("server-back", load);
onState(function once(now) {
  if (now.status && !columns.length && !once.asked) once.asked = load();
});
