// One browser's line to the server: who it is, the stream of states, and requests that act. It reconnects by itself.
import { element } from "/static/words.js";

export const me = { csrf: "", public: "", remote: false, clinician: false };
let latest = null; // newest state, and when it came
let latestAt = 0;
let lost = "";
const listeners = [];
export const onState = (listener) => {
  listeners.push(listener);
  if (latest) listener(latest);
};
export const state = () => latest;
const byId = (id) => document.getElementById(id);

async function introduce() {
  const answer = await fetch("/api/session", { cache: "no-store" });
  if (answer.status === 401) return askForToken();
  if (!answer.ok) throw new Error((await answer.json()).error);
  Object.assign(me, await answer.json());
}

async function askForToken() {
  const hash = new URLSearchParams(location.hash.slice(1));
  const dialog = byId("enter");
  let token = hash.get("token");
  if (token) history.replaceState(null, "", location.pathname);
  for (;;) {
    if (!token) {
      if (!dialog.open) dialog.showModal();
      token = await new Promise((done) => {
        byId("enter-form").onsubmit = (event) => {
          event.preventDefault();
          done(byId("token").value.trim());
        };
      });
    }
    const answer = await fetch("/api/enter", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token }),
    });
    const said = await answer.json();
    if (answer.ok) {
      Object.assign(me, said);
      if (dialog.open) dialog.close();
      return;
    }
    byId("enter-wrong").textContent = said.error;
    token = "";
  }
}

export async function post(path, body) {
  const send = () =>
    fetch(`/api/${path}`, {
      method: "POST", cache: "no-store",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": me.csrf }, body: JSON.stringify(body),
    });
  let answer;
  try {
    answer = await send();
    if (answer.status === 401) { // the server has started anew and knows nobody: nothing was done
      await introduce();
      answer = await send();
    }
  } catch {
    throw Object.assign(new Error("The server does not answer; whether it was done is not known. Look at the pump's state first."), { unknown: true });
  }
  const said = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(said.error), said, { status: answer.status });
  return said;
}

export async function get(path) {
  const ask = () => fetch(`/api/${path}`, { cache: "no-store" });
  let answer = await ask();
  if (answer.status === 401) {
    await introduce();
    answer = await ask();
  }
  const said = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(said.error), said, { status: answer.status });
  return said;
}

export function toast(text, bad = false) {
  const shown = element("p", { class: bad ? "toast bad" : "toast" }, text);
  byId("toasts").append(shown);
  setTimeout(() => shown.remove(), bad ? 12000 : 6000);
}

export const age = () => (latest?.age_ms == null ? null : latest.age_ms + performance.now() - latestAt);
export const serverLost = () => lost;

async function listen() {
  let wait = 300;
  for (;;) {
    try {
      await introduce();
      await follow(() => (wait = 300));
    } catch (error) {
      lost = lost || String(error.message || error);
    }
    await new Promise((done) => setTimeout(done, wait));
    wait = Math.min(wait * 1.6, 2000);
  }
}

function follow(opened) {
  return new Promise((done) => {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/stream`);
    socket.onmessage = (event) => {
      if (lost) dispatchEvent(new Event("server-back"));
      lost = "";
      opened();
      latest = JSON.parse(event.data);
      latestAt = performance.now();
      me.clinician = latest.clinician === me.public;
      for (const listener of listeners) listener(latest);
    };
    socket.onclose = () => {
      lost = "The server does not answer.";
      done();
    };
  });
}

export const ready = listen;
