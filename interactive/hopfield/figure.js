// Hopfield's memory: paint a picture, and see what is recalled, and what that does to the energy.
import * as hopfield from "../arithmetic/hopfield.js";
import { dot } from "../arithmetic/vectors.js";
import { button, playButton, report, resetButton, slider } from "../frame/controls.js";
import { make, number } from "../frame/dom.js";
import { axes, each, picture, resize, through } from "../frame/drawing.js";
import { Painting, drawPixels } from "../frame/painting.js";
import { Figure, define } from "../frame/base.js";

const LIMIT = 0.138; // patterns a unit, for large networks
const CLEAR = 0.95; // the agreement from which on a state counts as a picture

class Hopfield extends Figure {
  static data = "hopfield/data";

  start({ patterns, start }) {
    this.patterns = patterns.map(signs);
    this.keptBy = new Map();
    return { count: 3, pixels: signs(start), update: Infinity };
  }

  answer({ count, pixels }) {
    const stored = this.patterns.slice(0, count);
    const { end, energies, flips } = hopfield.recall(stored, pixels, this.given.orders);
    const agreements = this.shown(count).map((pattern) => dot(pattern, end) / end.length);
    return { end, energies, flips, agreements, kept: this.kept(count) };
  }

  /** The stored pictures among the patterns, which have names. */
  shown(count) {
    return this.patterns.slice(0, Math.min(count, this.given.names.length));
  }

  /** The mean agreement of stored patterns with what recall makes of them; once for each count. */
  kept(count) {
    if (!this.keptBy.has(count)) {
      const stored = this.patterns.slice(0, count);
      const tried = stored.slice(0, this.given.tried);
      const agreements = tried.map((pattern) => dot(pattern, hopfield.recall(stored, pattern, this.given.orders).end) / pattern.length);
      this.keptBy.set(count, agreements.reduce((sum, one) => sum + one, 0) / tried.length);
    }
    return this.keptBy.get(count);
  }

  build() {
    const { names, side } = this.given;
    this.painting = new Painting({
      side, label: "The picture to start from",
      pixels: () => this.settings.pixels, change: (pixels) => this.startFrom(pixels),
    });
    this.result = picture("What the network recalls.");
    this.moment = make("p", { class: "live-title" });
    this.energy = picture("The energy of the network, update by update.");
    this.capacity = picture("Agreement of recalled with stored patterns, by the number of patterns.").classed("live-drag", true);
    this.capacity.call(d3.drag().container(this.capacity.node()).on("start drag", ({ x }) => this.store(Math.round(this.count.invert(x)))));
    const load = names.map((name, p) => button(name[0].toUpperCase() + name.slice(1), () => this.startFrom(this.patterns[p])));
    const last = () => this.numbers.energies.length - 1;
    const updates = slider(this, "update", { name: "Updates", min: 0, max: last, step: 1, say: (k) => String(Math.min(k, last())) });
    this.append(
      make("p", { class: "live-todo" }, "Paint on the left; the network answers on the right. Then store more patterns."),
      make("div", { class: "live-bar" }, ...load,
        button("Flip a quarter", () => this.startFrom(this.noisy())),
        button("Cover half", () => this.startFrom(this.settings.pixels.map((value, k) => (k < value.length / 2 ? value : -1)))),
        button("Clear", () => this.startFrom(this.settings.pixels.map(() => -1))),
        resetButton(this)),
      make("div", { class: "live-bar" },
        slider(this, "count", { name: "Patterns stored", min: 1, max: this.patterns.length, step: 1, say: String }).element),
      make("div", { class: "live-panels live-memory" },
        make("div", {}, make("p", { class: "live-title" }, "start"), this.painting.svg.node()),
        make("div", {}, this.moment, this.result.node()),
        make("div", {}, this.energy.node())),
      this.painting.heard,
      make("div", { class: "live-bar" }, updates.element, playButton(this, "Play", () => this.run()).element),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
      this.capacity.node(),
    );
  }

  store(count) {
    this.set({ count: Math.max(1, Math.min(this.patterns.length, count)), update: Infinity });
  }

  startFrom(pixels) {
    this.pause();
    this.set({ pixels: pixels.slice(), update: Infinity });
  }

  noisy() {
    const flipped = d3.shuffle(d3.range(this.settings.pixels.length)).slice(0, this.settings.pixels.length / 4);
    const pixels = this.settings.pixels.slice();
    for (const k of flipped) pixels[k] *= -1;
    return pixels;
  }

  /** The way down, in about three seconds, or sweep by sweep. */
  run() {
    const last = this.numbers.energies.length - 1;
    this.settings.update = 0;
    this.now();
    const leap = this.calm ? this.settings.pixels.length : Math.max(1, Math.round(last / 60));
    this.play(() => (this.settings.update < last ? this.set({ update: Math.min(last, this.settings.update + leap) }) : false), this.calm ? 1000 : 50);
  }

  /** The state after so many updates. */
  after(update) {
    const state = this.settings.pixels.slice();
    for (const flip of this.numbers.flips) if (flip.update <= update) state[flip.unit] *= -1;
    return state;
  }

  say({ count }, { agreements, energies, kept, end }) {
    const stored = `Stored: ${this.listed(count)}; started at a stored pattern, the network keeps an agreement of ${number(kept)}.`;
    return `${this.outcome(agreements, end.length)} ${fall(energies[0], energies.at(-1))} ${stored}`;
  }

  /** What is stored: the pictures by name, or their number and that of the others. */
  listed(count) {
    const names = this.given.names.slice(0, count).map((name) => `the ${name}`);
    const others = count - names.length;
    if (others) return `the ${names.length} pictures and ${others} random pattern${others > 1 ? "s" : ""}`;
    return names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0];
  }

  outcome(agreements, units) {
    const best = d3.greatestIndex(agreements, Math.abs);
    const name = this.given.names[best];
    const near = Math.abs(agreements[best]);
    const wrong = Math.round((units * (1 - near)) / 2);
    const picture = `${agreements[best] < 0 ? "the negative of " : ""}the ${name}`;
    const errors = wrong === 0 ? "without an error" : `with ${wrong} wrong pixel${wrong > 1 ? "s" : ""}`;
    return near >= CLEAR ? `The network recalls ${picture} ${errors}.` : `The network ends in none of the pictures: ${wrong} pixels differ from the nearest, ${picture}.`;
  }

  draw() {
    const last = this.numbers.energies.length - 1;
    this.moment.textContent = this.settings.update < last ? "on the way" : "recalled";
    this.side = this.narrow ? Math.floor((this.width - 10) / 2) : 196;
    this.painting.draw(this.side);
    drawPixels(this.result, this.after(this.settings.update), this.given.side, this.side);
    this.drawEnergy(this.narrow ? this.width : this.width - 2 * this.side - 30, this.narrow ? 190 : 222);
    this.drawCapacity(this.width, this.narrow ? 190 : 180);
  }

  drawEnergy(width, height) {
    const { energies } = this.numbers;
    const last = energies.length - 1;
    const at = Math.min(this.settings.update, last);
    const x = d3.scaleLinear([0, last], [44, width - 10]);
    const y = d3.scaleLinear([d3.min(energies) - 1, d3.max(energies) + 1], [height - 42, 26]).nice(4);
    resize(this.energy, width, height);
    axes(this.energy, { x, y, xTicks: 4, yTicks: 4, xName: "updates", yName: "energy" });
    each(this.energy, "path", "live-way", [energies]).attr("d", (way) => through(way.map((value, k) => [x(k), y(value)])));
    each(this.energy, "circle", "live-spot", [at]).attr("cx", x).attr("cy", (k) => y(energies[k])).attr("r", 5);
  }

  drawCapacity(width, height) {
    const { kept } = this.given;
    const units = this.settings.pixels.length;
    const x = d3.scaleLinear([0, kept.length], [44, width - 10]);
    this.count = x;
    const y = d3.scaleLinear([0, 1], [height - 42, 26]);
    resize(this.capacity, width, height);
    axes(this.capacity, { x, y, xTicks: this.narrow ? 6 : 12, yTicks: 4, xName: "patterns stored", yName: "agreement after recall" });
    each(this.capacity, "path", "live-limit", [LIMIT * units]).attr("d", (limit) => through([[x(limit), y(0)], [x(limit), y(1)]]));
    each(this.capacity, "text", "live-axis-name live-limit-name", [LIMIT * units])
      .attr("x", (limit) => x(limit) + 5).attr("y", y(0) - 7).text(`${LIMIT} per unit`);
    each(this.capacity, "path", "live-way", [kept]).attr("d", (way) => through(way.map((value, k) => [x(k + 1), y(value)])));
    each(this.capacity, "circle", "live-spot", [this.numbers.kept]).attr("cx", x(this.settings.count)).attr("cy", y).attr("r", 5);
  }
}

const fall = (first, last) => first === last ? `The energy stays at ${number(last, 1)}.` : `The energy falls from ${number(first, 1)} to ${number(last, 1)}.`;

/** "0110" as [-1, 1, 1, -1]. */
function signs(text) {
  return Array.from(text, (sign) => (sign === "1" ? 1 : -1));
}

define("live-hopfield", Hopfield);
