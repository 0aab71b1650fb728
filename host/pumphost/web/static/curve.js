// The schedule of a day as a curve that is edited by pointer or keyboard; the table of steps holds what is sent.
import { clock } from "/static/words.js";
import { svg } from "/static/plot.js";

const HEIGHT = 230, PAD = { left: 52, right: 16, top: 14, bottom: 26 };
const GRID_MIN = 15, RATE_STEP = 24000, CEILING = 24e6;

export class Curve {
  // steps: [{start, rate}] in minutes and nL/day (null where it cannot be read); changed(steps) after an edit here.
  constructor(place, changed) {
    Object.assign(this, { place, changed, steps: [], active: [] });
    this.root = svg("svg", { class: "chart curve", role: "group", "aria-label": "Schedule of a day" });
    this.back = svg("g", { class: "grid" });
    this.old = svg("path", { class: "line schedule", fill: "none" });
    this.fill = svg("path", { class: "area" });
    this.line = svg("path", { class: "line pump", fill: "none" });
    this.handles = svg("g");
    this.root.append(this.back, this.fill, this.old, this.line, this.handles);
    place.append(this.root);
  }

  show(steps, active) {
    this.steps = steps;
    this.active = active;
    this.draw();
  }

  scale() {
    const rates = [...this.steps, ...this.active].map((one) => one.rate || 0);
    if (!this.dragging) this.high = Math.min(CEILING * 1.05, Math.max(480000, ...rates) * 1.25);
    this.width = Math.max(280, this.place.clientWidth);
    this.x = (min) => PAD.left + (min / 1440) * (this.width - PAD.left - PAD.right);
    this.y = (r) => HEIGHT - PAD.bottom - (Math.min(r, this.high) / this.high) * (HEIGHT - PAD.top - PAD.bottom);
  }

  path(steps, closed) {
    if (!steps.length) return "";
    const rows = [...steps].sort((a, b) => a.start - b.start);
    let d = closed ? `M${this.x(rows[0].start)} ${this.y(0)}V${this.y(rows[0].rate || 0)}` : `M${this.x(rows[0].start)} ${this.y(rows[0].rate || 0)}`;
    rows.forEach((one, at) => {
      d += `H${this.x(rows[at + 1]?.start ?? 1440)}`;
      if (rows[at + 1]) d += `V${this.y(rows[at + 1].rate || 0)}`;
    });
    return closed ? `${d}V${this.y(0)}Z` : d;
  }

  draw() {
    this.scale();
    this.root.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    this.root.style.height = `${HEIGHT}px`;
    const back = [];
    for (let hour = 0; hour <= 24; hour += this.width < 500 ? 6 : 3) {
      back.push(svg("line", { x1: this.x(hour * 60), x2: this.x(hour * 60), y1: PAD.top, y2: HEIGHT - PAD.bottom }));
      back.push(svg("text", { x: this.x(hour * 60), y: HEIGHT - 8, "text-anchor": hour === 24 ? "end" : hour ? "middle" : "start" }, clock(hour * 60)));
    }
    for (let part = 0; part <= 4; part += 1) {
      const value = (this.high * part) / 4;
      back.push(svg("line", { x1: PAD.left, x2: this.width - PAD.right, y1: this.y(value), y2: this.y(value) }));
      back.push(svg("text", { x: PAD.left - 8, y: this.y(value) + 4, "text-anchor": "end" }, (value / 1e6).toFixed(2)));
    }
    back.push(svg("text", { x: PAD.left, y: 9, class: "unit" }, "mL/day"));
    this.back.replaceChildren(...back);
    const good = this.steps.filter((one) => one.start != null && one.rate != null);
    this.line.setAttribute("d", this.path(good));
    this.fill.setAttribute("d", this.path(good, true));
    this.old.setAttribute("d", this.path(this.active));
    const focus = document.activeElement?.dataset?.step;
    this.handles.replaceChildren(...this.steps.map((one, at) => this.handle(one, at)).filter(Boolean));
    if (focus != null && this.handles.querySelector(`[data-step="${focus}"]`)) this.handles.querySelector(`[data-step="${focus}"]`).focus();
  }

  handle(one, at) {
    if (one.start == null || one.rate == null) return null;
    const next = Math.min(1440, ...this.steps.filter((other) => other.start > one.start).map((other) => other.start));
    const words = `from ${clock(one.start)} ${(one.rate / 1e6).toFixed(3)} mL/day`;
    const dot = svg("circle", {
      cx: this.x(one.start), cy: this.y(one.rate), r: 8, class: "handle", tabindex: 0, role: "slider", "data-step": at,
      "aria-label": `Step ${at + 1}`, "aria-valuetext": words, "aria-valuenow": one.rate / 1e6, "aria-valuemin": 0, "aria-valuemax": 24,
    });
    dot.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: [-GRID_MIN, 0], ArrowRight: [GRID_MIN, 0], ArrowUp: [0, RATE_STEP], ArrowDown: [0, -RATE_STEP] }[event.key];
      if (!move) return;
      event.preventDefault();
      this.move(at, one.start + move[0], one.rate + move[1] * (event.shiftKey ? 10 : 1), next);
    });
    dot.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      dot.focus();
      this.dragging = true;
      const drag = (moved) => {
        const box = this.root.getBoundingClientRect();
        const minute = ((moved.clientX - box.left - PAD.left) / (this.width - PAD.left - PAD.right)) * 1440;
        const value = ((HEIGHT - PAD.bottom - (moved.clientY - box.top)) / (HEIGHT - PAD.top - PAD.bottom)) * this.high;
        this.move(at, Math.round(minute / GRID_MIN) * GRID_MIN, Math.round(value / RATE_STEP) * RATE_STEP);
      };
      const drop = () => {
        removeEventListener("pointermove", drag);
        this.dragging = false;
        this.draw();
      };
      addEventListener("pointermove", drag);
      addEventListener("pointerup", drop, { once: true });
    });
    return dot;
  }

  // The first step stays at 00:00; a step stays between its neighbours; a rate is 0, or from 0.048 mL/day to the ceiling.
  move(at, start, rate) {
    const one = this.steps[at];
    const others = this.steps.filter((other, index) => index !== at && other.start != null).map((other) => other.start);
    const low = Math.max(-GRID_MIN, ...others.filter((other) => other < one.start)) + GRID_MIN;
    const high = Math.min(1440, ...others.filter((other) => other > one.start)) - GRID_MIN;
    one.start = one.start === 0 ? 0 : Math.min(Math.max(start, low), high);
    one.rate = Math.min(CEILING, rate < 24000 ? 0 : Math.max(48000, rate));
    this.changed(this.steps);
    this.draw();
  }
}
