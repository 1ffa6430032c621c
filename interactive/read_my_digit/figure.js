// Read my digit: draw one, and see what the network takes it for after every row.
import * as gru from "../arithmetic/gru.js";
import { logSoftmax } from "../arithmetic/language_model.js";
import { add, product, zeros } from "../arithmetic/vectors.js";
import { button, playButton, report, resetButton, slider } from "../frame/controls.js";
import { unpack } from "../frame/data.js";
import { make, number } from "../frame/dom.js";
import { each, layer, picture, resize } from "../frame/drawing.js";
import { Painting } from "../frame/painting.js";
import { Figure, define } from "../frame/base.js";

const DIGITS = [..."0123456789"];
const HEAD = 15; // the height of the names of the digits above the table

class ReadMyDigit extends Figure {
  static data = ["read_my_digit/data", "read_my_digit/weights"];

  start({ weights, examples, side }) {
    this.weights = Object.fromEntries(Object.entries(weights).map(([name, one]) => [name, unpack(one)]));
    return { pixels: signs(Object.values(examples)[1]), row: Math.round(side * 0.3) };
  }

  answer({ pixels }) {
    const { side } = this.given;
    const { W, b, ...params } = this.weights;
    let h = zeros(params.W_h.length);
    const p = d3.range(side).map((row) => {
      const x = pixels.slice(row * side, (row + 1) * side).map((value) => (value + 1) / 2);
      h = gru.cell(params, gru.inputProduct(params, x), h).h;
      return logSoftmax(add(product(h, W), b)).map(Math.exp);
    });
    return { p };
  }

  build() {
    const { side, examples } = this.given;
    this.painting = new Painting({
      side, label: "Your digit", brush: 2,
      pixels: () => this.settings.pixels, change: (pixels) => this.set({ pixels, row: side }),
    });
    this.table = picture("The probability of each digit after each row, darker where it is larger.");
    this.table.classed("live-pick", true).on("pointerdown", (event) => {
      const row = Math.floor(((d3.pointer(event, this.table.node())[1] - HEAD) / this.side) * side) + 1;
      if (row >= 1 && row <= side) this.set({ row });
    });
    this.bars = picture("The probability of each digit after the chosen row, as bars.");
    const load = Object.entries(examples).map(([name, text]) => button(name, () => this.set({ pixels: signs(text), row: side })));
    this.append(
      make("p", { class: "live-todo" }, "Draw a digit that fills the field. Then let the network read it row by row."),
      make("div", { class: "live-bar" }, button("Clear", () => this.set({ pixels: this.settings.pixels.map(() => -1), row: side })), ...load, resetButton(this)),
      make("div", { class: "live-digit" },
        make("div", {}, make("p", { class: "live-title" }, "draw here"), this.painting.svg.node()),
        make("div", {}, make("p", { class: "live-title" }, "after each row"), this.table.node()),
        make("div", {}, make("p", { class: "live-title" }, "probability after these rows"), this.bars.node())),
      this.painting.heard,
      make("div", { class: "live-bar" },
        slider(this, "row", { name: "Rows", min: 1, max: side, step: 1, say: String }).element,
        playButton(this, "Play", () => this.run()).element),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  run() {
    this.settings.row = 1;
    this.now();
    this.play(() => (this.settings.row < this.given.side ? this.set({ row: this.settings.row + 1 }) : false), 500);
  }

  say({ row, pixels }, { p }) {
    const best = p.map((chances) => d3.greatestIndex(chances));
    const now = p[row - 1];
    const [first, second] = d3.sort(d3.range(10), (k) => -now[k]).map((k) => `${k} (${percent(now[k])})`);
    if (pixels.every((value) => value < 0)) return `Nothing is drawn. After ${rows(row)} the network still says ${first}, or else ${second}.`;
    const same = best.findLastIndex((digit) => digit !== best.at(-1)) + 1;
    const when = same === 0 ? "from the first row on" : `since row ${same + 1}`;
    return `After ${rows(row)} the network says ${first}, or else ${second}. In the end it says ${best.at(-1)}, and has said so ${when}.`;
  }

  draw() {
    this.side = this.narrow ? Math.floor((this.width - 12) * 0.56) : 238;
    this.painting.draw(this.side);
    this.shade();
    this.drawTable(this.narrow ? this.width - 12 - this.side : 190);
    this.drawBars(this.narrow ? this.width : this.width - this.side - 190 - 40, this.narrow ? 150 : this.side);
  }

  /** A veil over the rows that are not yet read. */
  shade() {
    const y = (this.settings.row / this.given.side) * this.side;
    each(this.painting.svg, "rect", "live-unread", [y]).attr("y", y).attr("width", this.side).attr("height", this.side - y);
  }

  drawTable(width) {
    const { side } = this.given;
    const [row, column] = [this.side / side, width / 10];
    const cells = this.numbers.p.flatMap((chances, t) => chances.map((chance, k) => ({ t, k, chance })));
    resize(this.table, width, this.side + HEAD);
    each(layer(this.table, "cells"), "rect", "live-chance", cells).attr("x", ({ k }) => k * column + 0.5).attr("y", ({ t }) => HEAD + t * row + 0.5)
      .attr("width", column - 1).attr("height", row - 1).attr("fill-opacity", ({ chance }) => 0.05 + 0.95 * chance);
    each(layer(this.table, "names"), "text", "live-column", DIGITS).attr("x", (_, k) => (k + 0.5) * column).attr("y", HEAD / 2)
      .attr("dy", "0.35em").attr("text-anchor", "middle").text(String);
    each(this.table, "rect", "live-cursor", [this.settings.row - 1]).attr("x", 0.5).attr("width", width - 1).attr("y", (t) => HEAD + t * row).attr("height", row);
  }

  drawBars(width, height) {
    const chances = this.numbers.p[this.settings.row - 1];
    const x = d3.scaleBand(DIGITS, [24, width]).padding(0.2);
    const y = d3.scaleLinear([0, 1], [height - 20, 8]);
    resize(this.bars, width, height);
    each(this.bars, "path", "live-cross", [0, 0.5, 1]).attr("d", (p) => `M24,${y(p)}H${width}`);
    each(this.bars, "text", "live-axis-name", [0, 0.5, 1]).attr("x", 18).attr("y", y).attr("dy", "0.35em").attr("text-anchor", "end").text(String);
    each(this.bars, "rect", "live-chance", chances).attr("x", (_, k) => x(DIGITS[k])).attr("width", x.bandwidth()).attr("y", y).attr("height", (p) => y(0) - y(p));
    each(this.bars, "text", "live-digit-name", DIGITS).attr("x", (digit) => x(digit) + x.bandwidth() / 2).attr("y", height - 4).attr("text-anchor", "middle").text(String);
  }
}

const signs = (text) => Array.from(text, (sign) => (sign === "1" ? 1 : -1));
const rows = (count) => (count > 1 ? `${count} rows` : "1 row");
const percent = (p) => (p < 0.005 ? "under 1\u00a0%" : p > 0.995 ? "over 99\u00a0%" : `${number(100 * p, 0)}\u00a0%`);

define("live-read-my-digit", ReadMyDigit);
