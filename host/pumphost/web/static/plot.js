// Step and line plots over pump time as SVG: they take the page's colours, and read out their newest values in words.
const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 190;
const PAD = { left: 58, right: 14, top: 10, bottom: 24 };

export function svg(name, attributes = {}, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text != null) made.textContent = text;
  return made;
}

// About `count` round steps over a span.
function ticks(low, high, count) {
  const span = high - low || 1;
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= raw);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-6; at += step) found.push(Number(at.toFixed(9)));
  return found;
}

function hours(ms, span) {
  const minutes = Math.round(-ms / 60000);
  if (!minutes) return "now";
  return span <= 2 * 3600e3 ? `−${minutes} min` : `−${Number((minutes / 60).toFixed(1))} h`;
}

const timeStep = (span, width) =>
  [60e3, 120e3, 300e3, 600e3, 900e3, 1200e3, 1800e3, 3600e3, 7200e3, 10800e3, 14400e3, 21600e3]
    .find((size) => span / size <= Math.max(2, width / 85)) || 43200e3;

// lines: [{name, get(row), step}], limits: [{value, words}]. Rows are those of the server's history.
export class Plot {
  constructor(place, { lines, label, format, limits = [], least = 0, zero = true, height = HEIGHT }) {
    Object.assign(this, { place, lines, format, limits, least, zero, height });
    this.root = svg("svg", { class: "chart", role: "img", "aria-label": label });
    this.label = label;
    this.grid = svg("g", { class: "grid" });
    this.marks = svg("g", { class: "limits" });
    this.paths = lines.map((line) => svg("path", { class: `line ${line.name}`, fill: "none" }));
    this.cursor = svg("g", { class: "cursor" });
    this.root.append(this.grid, this.marks, ...this.paths, this.cursor);
    place.append(this.root);
    this.tip = document.createElement("p");
    this.tip.className = "tip";
    this.tip.hidden = true;
    place.append(this.tip);
    this.root.addEventListener("pointermove", (event) => this.point(event));
    this.root.addEventListener("pointerleave", () => this.unpoint());
  }

  draw(rows, span) {
    const width = Math.max(260, this.place.clientWidth);
    if (!rows.length) return;
    const now = rows[rows.length - 1].t_ms;
    const from = now - span;
    let first = rows.findIndex((row) => row.t_ms >= from);
    if (first > 0) first -= 1;
    const shown = rows.slice(Math.max(0, first));
    this.shown = shown;
    let low = Infinity, high = -Infinity;
    for (const row of shown) for (const line of this.lines) {
      const value = line.get(row);
      if (value != null) { low = Math.min(low, value); high = Math.max(high, value); }
    }
    if (low > high) { low = 0; high = 1; }
    for (const limit of this.limits) if (limit.always) { high = Math.max(high, limit.value); low = Math.min(low, limit.value); }
    if (this.zero) low = Math.min(0, low);
    if (high - low < this.least) { const middle = this.zero ? low + this.least / 2 : (low + high) / 2; low = middle - this.least / 2; high = middle + this.least / 2; }
    const room = (high - low) * 0.06;
    high += room;
    if (!this.zero || low < 0) low -= room;
    const x = (t) => PAD.left + ((Math.max(t, from) - from) / span) * (width - PAD.left - PAD.right);
    const y = (v) => this.height - PAD.bottom - ((v - low) / (high - low)) * (this.height - PAD.top - PAD.bottom);
    Object.assign(this, { x, y, from, span, width });
    this.root.setAttribute("viewBox", `0 0 ${width} ${this.height}`);
    this.root.style.height = `${this.height}px`;
    const axes = [];
    for (const value of ticks(low, high, 4)) {
      axes.push(svg("line", { x1: PAD.left, x2: width - PAD.right, y1: y(value), y2: y(value) }));
      axes.push(svg("text", { x: PAD.left - 8, y: y(value) + 4, "text-anchor": "end" }, this.format(value)));
    }
    const step = timeStep(span, width - PAD.left);
    for (let t = 0; t <= span; t += step) {
      const at = x(now - t);
      axes.push(svg("line", { x1: at, x2: at, y1: PAD.top, y2: this.height - PAD.bottom }));
      const anchor = t === 0 ? "end" : at < PAD.left + 20 ? "start" : "middle";
      axes.push(svg("text", { x: at, y: this.height - 7, "text-anchor": anchor }, hours(-t, span)));
    }
    this.grid.replaceChildren(...axes);
    this.marks.replaceChildren(...this.limits.filter((limit) => limit.value <= high && limit.value >= low).flatMap((limit) => [
      svg("line", { x1: PAD.left, x2: width - PAD.right, y1: y(limit.value), y2: y(limit.value) }),
      svg("text", { x: width - PAD.right, y: y(limit.value) - 4, "text-anchor": "end" }, limit.words)]));
    this.lines.forEach((line, at) => {
      let path = "", before = null;
      for (const row of shown) {
        const value = line.get(row);
        if (value == null) { before = null; continue; }
        const px = x(row.t_ms).toFixed(1), py = y(value).toFixed(1);
        path += before == null ? `M${px} ${py}` : line.step ? `H${px}V${py}` : `L${px} ${py}`;
        before = value;
      }
      this.paths[at].setAttribute("d", path);
    });
  }

  say(words) {
    if (this.said !== words) this.root.setAttribute("aria-label", `${this.label}: ${(this.said = words)}`);
  }

  point(event) {
    if (!this.shown?.length) return;
    const box = this.root.getBoundingClientRect();
    const t = this.from + ((event.clientX - box.left - PAD.left) / (this.width - PAD.left - PAD.right)) * this.span;
    const row = this.shown.reduce((best, one) => (Math.abs(one.t_ms - t) < Math.abs(best.t_ms - t) ? one : best));
    const at = this.x(row.t_ms);
    const dots = this.lines.filter((line) => line.get(row) != null)
      .map((line) => svg("circle", { cx: at, cy: this.y(line.get(row)), r: 3.5, class: line.name }));
    this.cursor.replaceChildren(svg("line", { x1: at, x2: at, y1: PAD.top, y2: this.height - PAD.bottom }), ...dots);
    const when = hours(row.t_ms - this.shown[this.shown.length - 1].t_ms, 3600e3);
    this.tip.textContent = [when, ...this.lines.map((line) => [line.words, line.get(row)]).filter(([, value]) => value != null)
      .map(([words, value]) => `${words} ${this.format(value, true)}`)].join(" · ");
    this.tip.hidden = false;
    this.tip.style.left = `${Math.min(Math.max(0, at - 80), this.width - 240)}px`;
  }

  unpoint() {
    this.tip.hidden = true;
    this.cursor.replaceChildren();
  }
}

// Rows of stretches: [{key, words, kind}], stretches {key: [[from, to], …]}.
export class Timeline {
  constructor(place, label) {
    this.place = place;
    this.root = svg("svg", { class: "chart timeline", role: "img", "aria-label": label });
    place.append(this.root);
  }

  draw(rows, stretches, now, span) {
    const width = Math.max(260, this.place.clientWidth), tall = 24, left = width < 520 ? 96 : 150;
    const height = rows.length * tall + PAD.bottom, from = now - span;
    const x = (t) => left + ((Math.max(t, from) - from) / span) * (width - left - PAD.right);
    const parts = [];
    const step = timeStep(span, width - left);
    for (let t = 0; t <= span; t += step) {
      const at = x(now - t);
      parts.push(svg("line", { class: "rule", x1: at, x2: at, y1: 0, y2: height - PAD.bottom }));
      const anchor = t === 0 ? "end" : at < left + 20 ? "start" : "middle";
      parts.push(svg("text", { x: at, y: height - 7, "text-anchor": anchor }, hours(-t, span)));
    }
    rows.forEach((row, at) => {
      const top = at * tall;
      parts.push(svg("text", { class: "name", x: 0, y: top + 16 }, row.words));
      parts.push(svg("line", { class: "base", x1: left, x2: width - PAD.right, y1: top + 12, y2: top + 12 }));
      for (const [start, end] of stretches[row.key] || []) {
        if (end < from) continue;
        if (start === end && row.kind === "denied") {
          const cx = x(start);
          parts.push(svg("path", { class: row.kind, d: `M${cx - 5} ${top + 7}l10 10m0-10l-10 10` }));
        } else {
          parts.push(svg("rect", { class: row.kind, x: x(start), y: top + 5, width: Math.max(2, x(end) - x(start)), height: 14, rx: 3 }));
        }
      }
    });
    this.root.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.root.style.height = `${height}px`;
    this.root.replaceChildren(...parts);
  }
}
