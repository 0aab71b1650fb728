// Runs of suite, simulations, balance logs and campaigns on this computer: a list, one in full, compared, its trumpet drawn.
import { get, onState } from "/static/link.js";
import { svg } from "/static/plot.js";
import "/static/shell.js";
import { element } from "/static/words.js";

const byId = (id) => document.getElementById(id);
const GOOD = new Set(["passed", "accept"]);
const BAD = new Set(["failed", "reject"]);
const sign = (verdict) => element("span", { class: `chip ${GOOD.has(verdict) ? "good" : BAD.has(verdict) ? "bad" : "doubt"}` },
  `${GOOD.has(verdict) ? "✓" : BAD.has(verdict) ? "✕" : "?"} ${verdict}`);
const number = (value) => (value == null ? "" : Number(value.toPrecision(6)).toString());

async function load() {
  const place = byId("runs");
  let found;
  try {
    found = await get("runs");
  } catch (error) {
    return place.replaceChildren(element("p", { class: "empty" }, `${error.message}. A run is kept by pumpbench hil, simulate, trumpet or campaign.`));
  }
  if (found.report) byId("report").hidden = false;
  if (!found.runs.length) return place.replaceChildren(element("p", { class: "empty" }, "No run is kept yet: pumpbench hil, simulate, trumpet or campaign makes one."));
  place.replaceChildren(element("div", { class: "card table", tabindex: "0", role: "region", "aria-label": "Runs" },
    element("table", {}, element("thead", {}, element("tr", {}, ...["Run", "Began", "Kind", "What", "Rig", "Verdict", "Accepted"].map((word) => element("th", { scope: "col" }, word)))),
      element("tbody", {}, ...found.runs.map((run) => element("tr", {},
        element("td", {}, element("button", { type: "button", class: "quiet", "aria-label": `Show run ${run.run}`, onclick: () => show(run.run) }, String(run.run))),
        element("td", {}, new Date(run.started_at).toLocaleString()), element("td", {}, run.kind),
        element("td", {}, [run.subject, run.note].filter(Boolean).join(", ")), element("td", {}, run.rig),
        element("td", {}, sign(run.verdict)), element("td", {}, run.accepted_at ? "✓ accepted" : "")))))));
  show(found.runs[0].run);
}

async function show(which) {
  const place = byId("run");
  try {
    const run = await get(`runs/${which}`);
    const failed = run.tests.filter((test) => test.outcome === "failed");
    place.replaceChildren(
      element("h2", {}, `Run ${run.run}: ${run.kind}, ${run.subject} `, sign(run.verdict)),
      element("p", { class: "aside" }, [run.rig, run.interpreter, run.seed && `seed ${run.seed}`, run.firmware_digest && `firmware ${run.firmware_digest.slice(0, 16)}`, `${run.wall_s.toFixed(1)} s`].filter(Boolean).join(" · ")),
      ...(failed.length ? [element("ul", {}, ...failed.map((test) => element("li", {}, `${test.test}: ${test.reason}`)))] : []),
      ...compared(run.compared), ...trumpet(run.measurements), measured(run.measurements));
    place.hidden = false;
  } catch (error) {
    place.replaceChildren(element("p", { class: "wrong" }, error.message));
    place.hidden = false;
  }
}

function compared(result) {
  if (!result) return [element("p", { class: "aside" }, "Not compared: no earlier run of this kind was accepted (pumpbench runs accept).")];
  const worse = result.regression;
  return [element("h3", {}, worse.length ? `${worse.length} became worse since the accepted run` : "Nothing became worse since the accepted run"),
    element("ul", {}, ...worse.slice(0, 30).map((change) => element("li", {}, `${[change.test, change.name].filter(Boolean).join(": ")}: ${change.old_outcome || number(change.old)} → ${change.new_outcome || number(change.new)} ${change.unit}`)))];
}

function measured(values) {
  if (!values.length) return element("p", { class: "aside" }, "Nothing was measured.");
  return element("div", { class: "table", tabindex: "0", role: "region", "aria-label": "Measurements" },
    element("table", {}, element("thead", {}, element("tr", {}, ...["Measurement", "Value", "Uncertainty", "Tolerance", "Outcome"].map((word) => element("th", { scope: "col" }, word)))),
      element("tbody", {}, ...values.slice(0, 400).map((one) => element("tr", {},
        element("td", {}, one.name, element("br"), element("small", {}, one.test.replace(/^.*::/, ""))),
        element("td", {}, `${number(one.value)} ${one.unit}`), element("td", {}, one.uncertainty == null ? "" : `± ${number(one.uncertainty)}`),
        element("td", {}, one.tolerance == null ? "" : `± ${number(one.tolerance)}`), element("td", {}, one.outcome ? sign(one.outcome) : ""))))));
}

// Largest and smallest error over the length of the window, with the label's lines at 5 % and 14.5 %.
function trumpet(values) {
  const sides = { upper: [], lower: [] };
  for (const one of values) {
    const found = /^trumpet, (upper|lower), ([0-9.e+]+) min$/.exec(one.name);
    if (found && one.value != null) sides[found[1]].push([Number(found[2]), one.value]);
  }
  if (sides.upper.length < 2) return [];
  const width = 720, height = 280, left = 52, bottom = 30;
  const windows = sides.upper.map(([minutes]) => minutes);
  const most = Math.max(16, ...[...sides.upper, ...sides.lower].map(([, value]) => Math.abs(value))) * 1.05;
  const low = Math.log(Math.min(...windows)), high = Math.log(Math.max(...windows));
  const x = (minutes) => left + ((Math.log(minutes) - low) / (high - low || 1)) * (width - left - 16);
  const y = (value) => 10 + ((most - value) / (2 * most)) * (height - bottom - 10);
  const picture = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Trumpet curve: ${sides.upper.map(([minutes, value], at) => `${minutes} min ${value.toFixed(1)} to ${sides.lower[at]?.[1].toFixed(1)} %`).join(", ")}` });
  for (const value of [-14.5, -5, 0, 5, 14.5]) {
    picture.append(svg("line", { class: value ? "label-line" : "rule", x1: left, x2: width - 16, y1: y(value), y2: y(value) }),
      svg("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, `${value} %`));
  }
  for (const minutes of windows) picture.append(svg("text", { x: x(minutes), y: height - 8, "text-anchor": "middle" }, minutes >= 60 ? `${Number((minutes / 60).toFixed(1))} h` : `${minutes} min`));
  for (const side of Object.values(sides)) picture.append(svg("path", { class: "line pump", fill: "none", d: side.map(([minutes, value], at) => `${at ? "L" : "M"}${x(minutes)} ${y(value)}`).join("") }));
  return [element("h3", {}, "Trumpet curve"), element("div", { class: "trumpet" }, picture)];
}

onState(() => {
  if (!load.asked) load.asked = load();
});
