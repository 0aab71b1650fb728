// Faults of a simulated pump: what there is, what is in, begun and taken away with one click each.
import { get, onState, post, toast } from "/static/link.js";
import "/static/shell.js";
import { element } from "/static/words.js";

const byId = (id) => document.getElementById(id);
let active = {};

async function load() {
  try {
    show(await get("faults"));
  } catch (error) {
    const none = byId("no-bench");
    none.textContent = error.message;
    none.hidden = false;
  }
}

function show({ faults }) {
  const areas = Map.groupBy ? Map.groupBy(faults, (fault) => fault.area) : group(faults);
  byId("faults").replaceChildren(...[...areas].map(([area, list]) =>
    element("section", { "aria-label": area }, element("h2", {}, area[0].toUpperCase() + area.slice(1)),
      element("div", { class: "cards" }, ...list.map(card)))));
  mark();
}

function group(faults) {
  const found = new Map();
  for (const fault of faults) found.set(fault.area, [...(found.get(fault.area) || []), fault]);
  return found;
}

const unit = (one) => ({ 1: "", degC: "°C" })[one.unit] ?? one.unit;

function card(fault) {
  const inputs = fault.parameters.map((one) => {
    const id = `${fault.name}-${one.name}`;
    const input = element("input", { id, value: String(one.default), inputmode: "decimal", autocomplete: "off", "aria-describedby": `${id}-limits` });
    return { one, input, row: element("p", { class: "field" }, element("label", { for: id }, one.name.replace(/_(pa|nl|mv|m|mdegc)$/, "").replaceAll("_", " ")), element("span", { class: "with-unit" }, input, element("span", { class: "unit" }, unit(one))), element("small", { id: `${id}-limits` }, `${one.low} to ${one.high.toLocaleString("en", { maximumFractionDigits: 3, useGrouping: false })} ${unit(one)}`)) };
  });
  const begin = element("button", { type: "button", class: "main", "aria-label": `${fault.momentary ? "Do" : "Inject"}: ${fault.title}` }, fault.momentary ? "Do it" : "Inject");
  const end = element("button", { type: "button", class: "quiet end", "aria-label": `Clear: ${fault.title}` }, "Clear");
  begin.addEventListener("click", () => {
    const values = {};
    for (const { one, input } of inputs) {
      if (!/^-?[0-9]+(\.[0-9]+)?$/.test(input.value.trim())) return toast(`${one.name}: write a number from ${one.low} to ${one.high} ${one.unit}`, true);
      values[one.name] = Number(input.value);
    }
    ask({ do: "inject", fault: fault.name, values }, `${fault.title}: in.`);
  });
  end.addEventListener("click", () => ask({ do: "clear", fault: fault.name }, `${fault.title}: cleared.`));
  return element("article", { class: "card fault", "data-fault": fault.name },
    element("h3", {}, fault.title, element("span", { class: "chip in" }, "in")), element("p", {}, fault.does),
    ...inputs.map(({ row }) => row), element("p", { class: "actions" }, begin, fault.momentary ? null : end));
}

async function ask(request, words) {
  try {
    const said = await post("bench", request);
    active = said.active || active;
    mark();
    toast(words);
  } catch (error) {
    toast(error.message, true);
  }
}

function mark() {
  for (const one of document.querySelectorAll(".fault")) {
    const is = one.dataset.fault in active;
    one.classList.toggle("active", is);
    const end = one.querySelector(".end");
    if (end) end.disabled = !is;
  }
  byId("clear-all").disabled = !Object.keys(active).length;
}

byId("clear-all").addEventListener("click", () => ask({ do: "clear" }, "All faults cleared."));
onState((now) => {
  const next = now.bench?.active || {};
  if (JSON.stringify(next) !== JSON.stringify(active)) {
    active = next;
    mark();
  }
  if (!document.querySelector(".fault") && now.bench && !load.asked) load.asked = load();
  if (!now.bench && now.status && !load.asked) load.asked = load();
});
