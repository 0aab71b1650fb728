// The patient's remote: one button, and what the pump has answered, in words a person can act on.
import { onState, post } from "/static/link.js";
import "/static/shell.js";
import { left, volume } from "/static/words.js";

const byId = (id) => document.getElementById(id);
const button = byId("bolus");
const answer = byId("answer");
let denied = null; // {until: performance time, sentence}
let waiting = false;

const REASONS = {
  LOCKOUT: "It is too early.", MAX_COUNT: "All boluses of 24 hours are given.", BUSY: "A bolus is running already.",
  WINDOW: "The volume limit of 24 hours is reached.", LOW_RESERVOIR: "The reservoir is too low. Call your clinic.",
  ALARM_ACTIVE: "The pump shows an alarm. Call your clinic.", DISABLED: "Boluses are not programmed.",
  STOPPED: "The pump is not delivering. Call your clinic.", STORAGE: "The pump needs service. Call your clinic.",
};

function say(kind, head, text) {
  answer.className = `answer ${kind}`;
  answer.replaceChildren(Object.assign(document.createElement("strong"), { textContent: head }),
    Object.assign(document.createElement("span"), { textContent: text }));
}

button.addEventListener("click", async () => {
  waiting = true;
  denied = null;
  button.disabled = true;
  say("", "Asking the pump …", "");
  try {
    const said = await post("bolus", {});
    if (said.granted) say("granted", "Granted.", `${volume(said.volume_nl)} over ${left(said.duration_ms)} has begun.`);
    else {
      denied = { reason: said.reason, until: said.left_ms == null ? null : performance.now() + said.left_ms };
      tellDenial();
    }
  } catch (error) {
    say("unknown", "Not known.", `${error.message} Do not press again before the page shows the pump's state.`);
  }
  waiting = false;
  button.disabled = false;
});

let told = "";
function tellDenial() {
  const rest = denied.until == null ? null : Math.max(0, denied.until - performance.now());
  const words = rest ? `Ask again in ${left(rest)}.` : denied.until == null ? "" : "You may ask again now.";
  const text = `${REASONS[denied.reason] || denied.reason} ${words}`.trim();
  if (text !== told || !answer.textContent) say("denied", "Not given.", (told = text));
}
setInterval(() => denied && tellDenial(), 1000);

onState((now) => {
  const settings = now.settings;
  const running = now.status?.mode === "patient-bolus";
  byId("bolus-size").textContent = settings?.max_per_24h ? `${volume(settings.volume_nl)} over ${left(settings.duration_ms)}` : "";
  byId("bolus-words").textContent = running ? "A bolus is running" : "Give me a bolus";
  button.classList.toggle("running", running);
  button.disabled = waiting;
});
