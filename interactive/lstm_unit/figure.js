// One LSTM unit over a stream: write, keep, read, and the way of the gradient back.
import * as lstm from "../arithmetic/lstm.js";
import { playButton, report, resetButton, rove, slider, toggle } from "../frame/controls.js";
import { make, number } from "../frame/dom.js";
import { each, layer, picture, resize, through } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const OPEN = 10; // a gate with this bias stands open: sigmoid(10) = 0.99995
const LISTENS = 8; // shut at a mark of 0, open at a mark of 1, or the reverse
const CLOSE = 0.05; // so near to what is wanted counts as right
const STAGES = {
  Carousel: {},
  "+ input gate": { b_i: -LISTENS, w_i: 2 * LISTENS },
  "+ output gate": { b_o: -LISTENS, w_o: 2 * LISTENS },
  "+ forget gate": { b_f: LISTENS, w_f: -2 * LISTENS },
};
const CAROUSEL = { b_i: OPEN, w_i: 0, b_f: OPEN, w_f: 0, b_g: 0, w_g: 1, b_o: OPEN, w_o: 0 };
const GATES = [
  ["i", "Input gate", "write"],
  ["f", "Forget gate", "write"],
  ["g", "Candidate", "number"],
  ["o", "Output gate", "read"],
];
const ROWS = [["x", "number"], ["i", "input gate"], ["f", "forget gate"], ["g", "candidate"], ["o", "output gate"], ["c", "cell"], ["h", "shown"]];

/** The weights of a stage: its repair and all before it. */
function stage(name) {
  const names = Object.keys(STAGES);
  const repairs = names.slice(0, names.indexOf(name) + 1).map((one) => STAGES[one]);
  return Object.assign({}, CAROUSEL, ...repairs);
}

class LstmUnit extends Figure {
  static data = "lstm_unit/data";

  start({ numbers, writes, reads }) {
    const marks = (places) => numbers.map((_, t) => places.includes(t));
    return { ...stage("+ forget gate"), write: marks(writes), read: marks(reads), step: Math.max(...reads) };
  }

  answer(settings) {
    const { write, read } = settings;
    const W_x = [
      [0, 0, settings.w_g, 0],
      [settings.w_i, settings.w_f, 0, 0],
      [0, 0, 0, settings.w_o],
    ];
    const params = { W_x, W_h: [[0, 0, 0, 0]], b: GATES.map(([gate]) => settings[`b_${gate}`]) };
    const x = this.given.numbers.map((value, t) => [value, Number(write[t]), Number(read[t])]);
    const { hs, cache } = lstm.forward(params, x);
    const last = read.lastIndexOf(true);
    const dhs = hs.map((_, t) => [t === last ? 1 : 0]);
    const back = lstm.backward(params, cache, dhs);
    const found = { last, x: this.given.numbers, c: cache.c.slice(1).map(first), h: hs.map(first) };
    for (const [gate] of GATES) {
      found[gate] = cache.gates.map((gates) => gates[gate][0]);
      found[`d${gate}`] = back.dgates.map((gates) => gates[gate][0]);
    }
    const wanted = this.wanted(found.g, settings);
    const right = found.h.map((h, t) => Math.abs(h - wanted[t]) < CLOSE);
    return { ...found, dh: back.dh.map(first), dc: back.dc.map(first), dx: back.dx.map(first), wanted, right };
  }

  /** What a perfect register would show: at a read what was written last, else nothing. */
  wanted(g, { write, read }) {
    let stored = 0;
    return g.map((g_t, t) => {
      if (write[t]) stored = g_t;
      return read[t] ? Math.tanh(stored) : 0;
    });
  }

  build() {
    this.svg = picture("One LSTM unit over twelve steps; the table below has its numbers.");
    this.svg.on("pointerdown pointermove", (event) => this.point(event));
    this.marks = Object.fromEntries(["read", "write"].map((mark) => [mark, this.row(mark)]));
    this.inputs = this.given.numbers.map(() => make("span"));
    this.streamName = make("span", { class: "live-row-name" });
    const stream = make("div", { class: "live-stream-row", "aria-hidden": "true" }, this.streamName, ...this.inputs);
    const stages = Object.keys(STAGES).map((name) => this.stageButton(name));
    const todo = make("p", { class: "live-todo" }, "Begin with the carousel and add the gates one by one. Then choose your own writes and reads.");
    const step = slider(this, "step", { name: "Step", min: 0, max: this.given.numbers.length - 1, step: 1, say: (t) => String(t + 1) });
    const play = playButton(this, "Play", () => this.run());
    this.append(
      todo,
      make("div", { class: "live-bar", role: "group", "aria-label": "Gates that work" }, ...stages),
      make("div", { class: "live-stream" }, this.marks.read, this.svg.node(), this.marks.write, stream),
      make("div", { class: "live-bar" }, step.element, play.element, resetButton(this)),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
      make("div", { class: "live-pair" }, this.table(), this.weights()),
    );
  }

  stageButton(name) {
    const weights = stage(name);
    const pressed = (settings) => Object.keys(weights).every((key) => settings[key] === weights[key]);
    return toggle(this, { name, pressed, press: () => this.set(weights) }).element;
  }

  /** A row of buttons that set the marks of one kind. */
  row(mark) {
    const buttons = this.given.numbers.map((_, t) => toggle(this, {
      name: "",
      about: `${mark} at step ${t + 1}`,
      pressed: (settings) => settings[mark][t],
      press: () => this.set({ [mark]: this.settings[mark].map((on, k) => (k === t ? !on : on)) }),
      class: "live-mark",
    }).element);
    return rove(make("div", { class: "live-stream-row", role: "group", "aria-label": `Marks to ${mark}` }, make("span", { class: "live-row-name" }, mark), ...buttons));
  }

  table() {
    this.cells = ROWS.map(([key, name]) => [make("td"), make("td"), key, name]);
    const rows = this.cells.map(([value, gradient, key, name]) =>
      make("tr", {}, make("th", { scope: "row" }, `${name} `, make("i", {}, key)), value, gradient));
    this.caption = make("caption");
    const heads = ["value", "gradient"].map((text) => make("th", { scope: "col" }, text));
    const head = make("thead", {}, make("tr", {}, make("td"), ...heads));
    return make("table", { class: "live-table" }, this.caption, head, make("tbody", {}, ...rows));
  }

  weights() {
    const group = ([gate, name, mark]) => {
      const range = gate === "g" ? { min: -2, max: 2, step: 0.1 } : { min: -2 * OPEN, max: 2 * OPEN, step: 0.5 };
      const say = (value) => number(value, 1);
      const sliders = [["b", "bias"], ["w", mark]].map(([kind, text]) =>
        slider(this, `${kind}_${gate}`, { name: text, about: `${name}, ${kind === "b" ? "bias" : `weight of ${mark}`}`, ...range, say }).element);
      return make("div", { role: "group", "aria-label": name }, make("strong", {}, `${name} `, make("i", {}, gate)), ...sliders);
    };
    return make("div", { class: "live-weights" }, ...GATES.map(group));
  }

  point(event) {
    if (event.type === "pointermove" && !event.buttons) return;
    const step = Math.floor((d3.pointer(event, this.svg.node())[0] - this.left) / this.column);
    if (step >= 0 && step < this.given.numbers.length) this.set({ step });
  }

  /** Forward to the end, then back with the gradient to the first step. */
  run() {
    const end = this.given.numbers.length - 1;
    this.settings.step = 0;
    this.way = "forward";
    this.now();
    this.play(() => {
      const { step } = this.settings;
      if (this.way === "forward" && step < end) return this.set({ step: step + 1 });
      if (this.way === "forward") { this.way = "back"; return this.set({ step: this.numbers.last }); }
      return step > 0 ? this.set({ step: step - 1 }) : false;
    }, 700);
  }

  say({ step }, { c, h, dc, right, last }) {
    const count = right.filter(Boolean).length;
    const gradient = last < 0 ? "Nothing is read, so no gradient comes back." : `Of the gradient of what step ${last + 1} shows, ${number(dc[step])} arrives at this cell.`;
    return `The unit shows what is wanted at ${count} of ${right.length} steps. At step ${step + 1} the cell holds ${number(c[step])} and shows ${number(h[step])}. ${gradient}`;
  }

  draw() {
    const { settings, numbers } = this;
    const steps = this.given.numbers.length;
    this.left = this.narrow ? 38 : 104;
    this.column = (this.width - this.left) / steps;
    this.style.setProperty("--left", `${this.left}px`);
    this.streamName.textContent = this.narrow ? "x" : "number x";
    this.inputs.forEach((input, t) => {
      input.textContent = this.short(this.given.numbers[t], 1);
      input.classList.toggle("live-stored", settings.write[t]);
    });
    this.fill(settings.step);
    const place = this.place();
    resize(this.svg, this.width, place.height);
    this.drawGround(place, settings);
    this.drawWires(place, numbers);
    this.drawGradient(place, numbers);
    this.drawGates(place, numbers);
    this.drawCells(place, numbers);
  }

  fill(step) {
    this.caption.textContent = `Step ${step + 1}`;
    for (const [value, gradient, key] of this.cells) {
      value.textContent = number(this.numbers[key][step]);
      gradient.textContent = number(this.numbers[`d${key}`][step]);
    }
  }

  /** A number where there is little room: .5 for 0.5 on a narrow page. */
  short(value, digits = 2) {
    const fewer = this.narrow ? 1 : digits;
    const text = number(value, Math.abs(value) < 9.95 ? fewer : fewer - 1);
    return this.narrow ? text.replace(/\.0$/, "").replace(/^(−?)0\./, "$1.") : text;
  }

  /** Where everything stands: heights of the rows, and sizes. */
  place() {
    const small = this.narrow;
    const y = small
      ? { wanted: 16, shown: 36, o: 62, c: 108, i: 156, g: 192 }
      : { wanted: 18, shown: 42, o: 72, c: 124, i: 178, g: 218 };
    return { y, x: (t) => this.left + (t + 0.5) * this.column, radius: Math.min(small ? 10.5 : 18, 0.45 * this.column), plate: small ? Math.min(6.5, 0.3 * this.column) : 13, gap: small ? 4.5 : 7, height: y.g + 16 };
  }

  /** While it plays, what comes later is dim; on the way back the gradient has come as far as here. */
  lit(t) {
    return this.playing && this.way === "forward" && t > this.settings.step ? 0.18 : null;
  }

  hasGradient(t) {
    return !this.playing || (this.way === "back" && t >= this.settings.step);
  }

  drawGround({ y, x, height }, { step }) {
    const ground = layer(this.svg, "ground");
    each(ground, "rect", "live-band", [step])
      .attr("x", x(step) - this.column / 2 + 1).attr("y", 0).attr("width", this.column - 2).attr("height", height).attr("rx", 5);
    const names = this.narrow
      ? { wanted: "want", shown: "h", o: "o", c: "f, c", i: "i", g: "g" }
      : { wanted: "wanted", shown: "shown h", o: "output gate o", c: "forget f, cell c", i: "input gate i", g: "candidate g" };
    each(ground, "text", "live-row-name", Object.entries(names))
      .attr("x", 0).attr("y", ([key]) => y[key]).attr("dy", "0.35em").text(([, name]) => name);
  }

  /** The pipes, thin where they are empty, and in them what flows: as thick as the number. */
  drawWires({ y, x, radius, gap }, { i, f, g, o, c, h }) {
    const most = Math.max(1, ...c.map(Math.abs));
    const thick = (value) => (2 * gap * Math.abs(value)) / most;
    const wires = c.flatMap((c_t, t) => {
      const before = t ? c[t - 1] : 0;
      const middle = x(t) - this.column / 2;
      const pieces = [
        { from: [x(t), y.g - 9], to: [x(t), y.i], value: g[t] },
        { from: [x(t), y.i], to: [x(t), y.c + radius], value: i[t] * g[t] },
        { from: [x(t), y.c - radius], to: [x(t), y.o], value: Math.tanh(c_t) },
        { from: [x(t), y.o], to: [x(t), y.shown + 9], value: h[t] },
        { from: [t ? x(t - 1) + radius : middle - this.column * 0.2, y.c], to: [middle, y.c], value: before },
        { from: [middle, y.c], to: [x(t) - radius, y.c], value: f[t] * before },
      ];
      return pieces.map((piece) => ({ ...piece, t }));
    });
    const group = layer(this.svg, "wires");
    for (const name of ["live-channel", "live-flow"]) {
      each(group, "path", name, wires).attr("d", (d) => through([d.from, d.to])).attr("opacity", (d) => this.lit(d.t));
    }
    group.selectAll(".live-flow").attr("stroke-width", (d) => thick(d.value)).classed("live-below", (d) => d.value < 0).attr("visibility", (d) => (thick(d.value) < 0.05 ? "hidden" : null));
  }

  /** The gradient of the last h that is read, dashed, beside the pipes through which it comes. */
  drawGradient({ y, x, radius, gap }, { last, dc, dg, f }) {
    const most = Math.max(1, ...dc.map(Math.abs));
    const side = gap + 3;
    const ways = dc.flatMap((dc_t, t) => [
      { t, points: [[x(t) + side, y.c + radius * 0.8], [x(t) + side, y.g - 13]], value: dg[t] },
      { t, points: [[x(t) - radius * 0.8, y.c + side], [x(t) - this.column + radius * 0.8, y.c + side]], value: t ? dc_t * f[t] : 0 },
    ]);
    if (last >= 0) ways.push({ t: last, points: [[x(last) + side, y.shown + 8], [x(last) + side, y.c - radius * 0.8]], value: dc[last] });
    const hidden = (d) => (Math.abs(d.value) / most < 0.01 || !this.hasGradient(d.t) ? "hidden" : null);
    const group = layer(this.svg, "gradient");
    each(group, "path", "live-gradient", ways)
      .attr("d", (d) => through(d.points))
      .attr("stroke-width", (d) => 4 * Math.abs(d.value) / most)
      .attr("visibility", hidden);
    each(group, "path", "live-arrival", dg.map((value, t) => ({ t, value })))
      .attr("d", (d) => `M${x(d.t) + side - 4},${y.g - 14}h8l-4,8Z`).attr("visibility", hidden);
  }

  /** A gate is two plates across a pipe: the gap between them is its value. */
  drawGates({ y, x, plate, gap }, { i, f, o }) {
    const plates = i.flatMap((_, t) => [
      { t, x: x(t), y: y.i, open: i[t] },
      { t, x: x(t), y: y.o, open: o[t] },
      { t, x: x(t) - this.column / 2, y: y.c, open: f[t], upright: true },
    ]).flatMap((gate) => [{ ...gate, side: -1 }, { ...gate, side: 1 }]);
    const thickness = this.narrow ? 4 : 5;
    each(layer(this.svg, "gates"), "rect", "live-plate", plates)
      .attr("width", (d) => (d.upright ? thickness : plate - 1))
      .attr("height", (d) => (d.upright ? plate - 1 : thickness))
      .attr("rx", 1.5)
      .attr("opacity", (d) => this.lit(d.t))
      .attr("transform", (d) => {
        const near = d.open * gap + 0.5;
        const along = d.side > 0 ? near : -near - (plate - 1);
        return d.upright ? `translate(${d.x - thickness / 2},${d.y + along})` : `translate(${d.x + along},${d.y - thickness / 2})`;
      });
  }

  drawCells({ y, x, radius }, { c, h, g, wanted, right }) {
    const group = layer(this.svg, "cells");
    each(group, "circle", "live-cell", c).attr("cx", (_, t) => x(t)).attr("cy", y.c).attr("r", radius).attr("opacity", (_, t) => this.lit(t));
    const texts = c.flatMap((_, t) => [
      { t, y: y.c, text: this.short(c[t]), kind: "live-number live-inside" },
      { t, y: y.shown, text: this.short(h[t]), kind: right[t] ? "live-number live-right" : "live-number live-amiss" },
      { t, y: y.wanted, text: this.short(wanted[t]), kind: "live-number live-quiet" },
      { t, y: y.g, text: this.short(g[t]), kind: "live-number live-quiet" },
    ]);
    group.selectAll("text").data(texts).join("text").attr("class", (d) => d.kind).attr("opacity", (d) => this.lit(d.t))
      .attr("x", (d) => x(d.t)).attr("y", (d) => d.y).attr("dy", "0.35em").text((d) => d.text);
  }
}

const first = ([value]) => value;

define("live-lstm-unit", LstmUnit);
