// Numbers of the pump as people read them, as the command line does: volumes to the microlitre, times rounded up.
export const volume = (nl, digits = 3) =>
  nl == null ? "–" : Math.abs(nl) < 1e6 && digits > 0 ? `${trim(nl / 1e3, 1)} µL` : `${(nl / 1e6).toFixed(digits)} mL`;
export const millilitres = (nl, digits = 3) => (nl == null ? "–" : `${(nl / 1e6).toFixed(digits)} mL`);
export const rate = (nl) => (nl == null ? "–" : `${(nl / 1e6).toFixed(3)} mL/day`);
const trim = (x, digits) => String(Number(x.toFixed(digits)));

export function left(ms) {
  if (!ms) return "none";
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

export function ago(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86400).toFixed(1)} days`;
}

export const clock = (minutes) =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
export const minutesOf = (text) => {
  const found = /^([0-9]{2}):([0-9]{2})$/.exec(text);
  return found && found[1] < 24 && found[2] < 60 ? Number(found[1]) * 60 + Number(found[2]) : null;
};

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}
