// The pump's log: the newest records, and what comes while the page is open. Reading it is the clinician's.
import { get, me, onState, toast } from "/static/link.js";
import { becomeClinician } from "/static/shell.js";
import { ago, element } from "/static/words.js";

const byId = (id) => document.getElementById(id);
const records = new Map();
let next = null;
let busy = false;

function refused(words) {
  const begin = element("button", { type: "button", onclick: () => becomeClinician().then(() => read()).catch((error) => toast(error.message, true)) }, "Begin clinician session");
  byId("log-empty").replaceChildren(words, " ", begin);
  byId("log-empty").hidden = false;
}

async function read() {
  if (busy) return;
  busy = true;
  try {
    const found = (await get(`log${next == null ? "" : `?from=${next}`}`)).records;
    for (const record of found) records.set(record.number, record);
    if (records.size) next = Math.max(...records.keys()) + 1;
    show();
  } catch (error) {
    refused(error.status === 403 ? "Only a clinician reads the log." : error.message);
  }
  busy = false;
}

function show() {
  byId("log-empty").hidden = true;
  byId("log-card").hidden = false;
  const select = byId("kind");
  const kinds = new Set([...records.values()].map((one) => one.kind));
  for (const kind of [...kinds].sort()) {
    if (![...select.options].some((option) => option.value === kind)) select.append(element("option", { value: kind }, kind));
  }
  const shown = [...records.values()].sort((a, b) => b.number - a.number).filter((one) => !select.value || one.kind === select.value);
  byId("log").tBodies[0].replaceChildren(...shown.slice(0, 500).map((one) =>
    element("tr", {}, element("td", { class: "number" }, String(one.number)), element("td", {}, ago(one.uptime_ms)),
      element("td", {}, one.clock_trusted ? new Date(one.wall_ms).toLocaleString() : "not set"), element("td", {}, element("strong", {}, one.kind)),
      element("td", {}, Object.entries(one.meaning).map(([name, value]) => `${name} ${value}`).join(", ")),
      element("td", {}, one.chain_ok === false ? "BROKEN" : one.chain_ok ? "✓ verified" : "first shown"))));
}

byId("kind").addEventListener("change", show);
onState((now) => {
  if (!me.clinician) {
    if (!records.size && byId("log-empty").textContent === "") refused("Only a clinician reads the log.");
    return;
  }
  if (now.status && (next == null || now.status.log_next > next)) read();
});
