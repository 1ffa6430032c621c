// Pixel by pixel: what a network expects at each pixel of a digit, and what the digit costs it.
import * as gru from "../arithmetic/gru.js";
import { logSoftmax } from "../arithmetic/language_model.js";
import { add, product, zeros } from "../arithmetic/vectors.js";
import { choice, playButton, report, resetButton, slider } from "../frame/controls.js";
import { unpack } from "../frame/data.js";
import { make, number } from "../frame/dom.js";
import { axes, each, layer, legend, picture, resize, through } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const SIDE = 8;

class PixelByPixel extends Figure {
  static data = ["pixel_by_pixel/data", "pixel_by_pixel/weights"];

  start({ weights, counts }) {
    this.weights = Object.fromEntries(Object.entries(weights).map(([name, one]) => [name, unpack(one)]));
    this.usual = counts.map((row) => row.map((count) => (count + 0.5) / (d3.sum(row) + 0.5 * row.length)));
    this.read = new Map(); // what the network expects of an image, once for each
    return { image: 4, pixel: 37, told: "no" };
  }

  answer({ image, pixel, told }) {
    const key = `${image} ${told}`;
    if (!this.read.has(key)) this.read.set(key, this.expected(image, told));
    const all = this.read.get(key);
    const levels = this.given.images[image];
    const bits = levels.map((level, t) => -all[t][level] / Math.LN2);
    const usualBits = levels.map((level, t) => -Math.log2(this.usual[t][level]));
    return { p: all[pixel].map(Math.exp), usual: this.usual[pixel], bits, usualBits };
  }

  /** log p of the levels at every pixel, from those before it. */
  expected(image, told) {
    const { images, edge, hide } = this.given;
    const { before, place, above, digit, W, b, ...params } = this.weights;
    const levels = images[image];
    let h = zeros(params.W_h.length);
    return levels.map((_, t) => {
      const parts = [before[levels[t - 1] ?? edge], place[t], above[levels[t - SIDE] ?? edge], digit[told === "yes" ? image : hide]];
      const x = parts.flatMap((part) => Array.from(part));
      h = gru.cell(params, gru.inputProduct(params, x), h).h;
      return logSoftmax(add(product(h, W), b));
    });
  }

  build() {
    this.canvas = picture("A digit of 8 by 8 pixels; the chosen pixel is framed, those after it are pale.").classed("live-pick", true);
    this.canvas.on("pointerdown pointermove", (event) => {
      if (event.type === "pointermove" && !event.buttons) return;
      const [column, row] = d3.pointer(event, this.canvas.node()).map((at) => Math.floor((at / this.side) * SIDE));
      if (column >= 0 && column < SIDE && row >= 0 && row < SIDE) this.set({ pixel: row * SIDE + column });
    });
    this.bars = picture("Seventeen levels from paper to ink: their probabilities for the network, and by counting.");
    this.plot = picture("The bits paid so far, by pixel, for the network and for counting.");
    this.append(
      make("p", { class: "live-todo" }, "Slide through the image. The network has seen only what comes before the framed pixel."),
      make("div", { class: "live-bar" },
        slider(this, "pixel", { name: "Pixel", min: 0, max: SIDE * SIDE - 1, step: 1, say: (t) => String(t + 1) }).element,
        playButton(this, "Play", () => this.run()).element, resetButton(this)),
      make("div", { class: "live-bar" },
        slider(this, "image", { name: "Digit", min: 0, max: 9, step: 1, say: String }).element,
        choice(this, "told", { name: "Digit told", options: { no: "no", yes: "yes" } }).element),
      legend({ "live-network": "the network", "live-by-place": "counting at this place" }),
      make("div", { class: "live-panels live-pixels" }, this.canvas.node(),
        make("div", {}, make("p", { class: "live-title" }, "probability of each level; ▼ is what came"), this.bars.node())),
      this.plot.node(),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  run() {
    const leap = this.calm ? SIDE : 1;
    this.settings.pixel = 0;
    this.now();
    this.play(() => (this.settings.pixel < SIDE * SIDE - 1 ? this.set({ pixel: Math.min(SIDE * SIDE - 1, this.settings.pixel + leap) }) : false), this.calm ? 1500 : 250);
  }

  say({ image, pixel }, { p, bits, usualBits }) {
    const level = this.given.images[image][pixel];
    const sofar = (all) => number(d3.sum(all.slice(0, pixel + 1)), 0);
    const whole = (all) => number(d3.sum(all), 0);
    return `Pixel ${pixel + 1} has level ${level}. The network gave it ${percent(p[level])} and pays ${number(bits[pixel], 1)} bits, counting ${number(usualBits[pixel], 1)}. So far: network ${sofar(bits)} bits, counting ${sofar(usualBits)}. The whole image: ${whole(bits)} and ${whole(usualBits)}.`;
  }

  draw() {
    this.side = this.narrow ? Math.min(200, this.width) : 208;
    this.drawImage();
    this.drawBars(this.narrow ? this.width : this.width - this.side - 24, this.narrow ? 168 : 188);
    this.drawPlot(this.width, 190);
  }

  drawImage() {
    const { image, pixel } = this.settings;
    const size = this.side / SIDE;
    resize(this.canvas, this.side, this.side);
    each(layer(this.canvas, "pixels"), "rect", "live-level-square", this.given.images[image])
      .attr("x", (_, t) => (t % SIDE) * size + 0.5).attr("y", (_, t) => Math.floor(t / SIDE) * size + 0.5).attr("width", size - 1).attr("height", size - 1)
      .attr("fill-opacity", (level, t) => (0.04 + (0.96 * level) / 16) * (t > pixel ? 0.3 : 1));
    each(this.canvas, "rect", "live-cursor", [pixel]).attr("x", (t) => (t % SIDE) * size + 1).attr("y", (t) => Math.floor(t / SIDE) * size + 1)
      .attr("width", size - 2).attr("height", size - 2);
  }

  drawBars(width, height) {
    const { p, usual } = this.numbers;
    const { image, pixel } = this.settings;
    const x = d3.scaleLinear([-0.5, p.length - 0.5], [40, width - 8]);
    const y = d3.scaleLinear([0, Math.max(0.3, ...p, ...usual)], [height - 42, 14]).nice(3);
    const bar = x(0.8) - x(0);
    resize(this.bars, width, height);
    axes(this.bars, { x, y, xTicks: d3.range(0, p.length, 4), yTicks: 3, xName: "level, from paper to ink", yName: "" });
    each(this.bars, "rect", "live-network", p).attr("x", (_, k) => x(k) - bar / 2).attr("width", bar).attr("y", y).attr("height", (one) => y(0) - y(one));
    each(this.bars, "rect", "live-by-place", usual).attr("x", (_, k) => x(k) - bar / 2).attr("width", bar).attr("y", y).attr("height", (one) => y(0) - y(one));
    each(this.bars, "path", "live-here", [this.given.images[image][pixel]]).attr("d", (level) => `M${x(level) - 6},2h12l-6,10Z`);
  }

  drawPlot(width, height) {
    const { bits, usualBits } = this.numbers;
    const { pixel } = this.settings;
    const ends = [bits, usualBits].map((all) => [0, ...d3.cumsum(all)]);
    const x = d3.scaleLinear([0, bits.length], [44, width - 12]);
    const y = d3.scaleLinear([0, d3.max(ends.flat())], [height - 42, 26]).nice(4);
    resize(this.plot, width, height);
    axes(this.plot, { x, y, xTicks: 8, yTicks: 4, xName: "pixels read", yName: "bits paid" });
    ["live-network", "live-by-place"].forEach((name, k) => {
      each(layer(this.plot, name), "path", name, [ends[k].map((end, t) => [x(t), y(end)])]).attr("d", through);
    });
    each(this.plot, "circle", "live-spot", [pixel + 1]).attr("cx", x).attr("cy", (t) => y(ends[0][t])).attr("r", 5);
  }
}

const percent = (p) => (p < 0.001 ? "under 0.1\u00a0%" : `${number(100 * p, p < 0.0995 ? 1 : 0)}\u00a0%`);

define("live-pixel-by-pixel", PixelByPixel);
