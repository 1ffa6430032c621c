// What comes next: type a text, and see what a trained GRU and what counting expect after it.
import { KneserNey } from "../arithmetic/kneser_ney.js";
import { LanguageModel } from "../arithmetic/language_model.js";
import { field, report, resetButton } from "../frame/controls.js";
import { unpack } from "../frame/data.js";
import { make, number } from "../frame/dom.js";
import { each, layer, picture, resize } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const SHOWN = 10; // letters in each list
const SIGNS = { "\n": "↵", "\t": "→", " ": "␣", "\ufffd": "rare" };
const NAMES = { "\n": "a new line", "\t": "a tab", " ": "a space", "\ufffd": "a rare sign" };
const MODELS = { gru: "The GRU", counting: "Counting" };
const STEP = 5; // bits between the lines of the scale

class WhatNext extends Figure {
  static data = ["what_next/data", "what_next/weights", "what_next/play"];

  start({ weights, tries }) {
    const unpacked = Object.fromEntries(Object.entries(weights).map(([name, one]) => [name, unpack(one)]));
    this.network = new LanguageModel(unpacked);
    this.counter = new KneserNey(this.given);
    this.known = new Map(); // what the GRU expects after each text that was typed
    return { text: Object.values(tries)[1] };
  }

  answer({ text }) {
    const { tokens, unknown, before } = this.given;
    const read = before + Array.from(text, (letter) => (tokens.includes(letter) ? letter : unknown)).join("");
    const [gru, counting, gruBits, countingBits] = [[], [], [], []];
    for (let t = before.length; t <= read.length; t++) {
      gru.push(this.expected(read.slice(0, t)).logProbs.map(Math.exp));
      counting.push(this.counter.probs(read.slice(0, t)));
      if (t === read.length) break;
      const token = tokens.indexOf(read[t]);
      gruBits.push(-Math.log2(gru.at(-1)[token]));
      countingBits.push(-Math.log2(counting.at(-1)[token]));
    }
    return { gru: gru.at(-1), counting: counting.at(-1), gruBits, countingBits };
  }

  /** The state of the GRU after a text, and what it expects; each beginning is read once. */
  expected(read) {
    if (!this.known.has(read)) {
      const before = read.length > 1 ? this.expected(read.slice(0, -1)).h : this.network.start;
      this.known.set(read, this.network.step(this.given.tokens.indexOf(read.at(-1)), before));
    }
    return this.known.get(read);
  }

  build() {
    const { most, tries } = this.given;
    const examples = Object.entries(tries).map(([name, text]) =>
      make("button", { type: "button", onclick: () => this.set({ text }) }, name));
    this.lists = Object.fromEntries(Object.entries(MODELS).map(([key, name]) =>
      [key, picture(`The ten characters that are most probable for ${name}, as bars.`).classed(`live-${key}`, true)]));
    this.paid = picture("What each character that was typed has cost, in bits: for the GRU above it, for counting below.");
    this.append(
      make("p", { class: "live-todo" }, "Type a line, and guess each next character before the two models do."),
      field(this, "text", { name: "Text", most }).element,
      make("div", { class: "live-bar" }, ...examples, resetButton(this)),
      make("div", { class: "live-panels live-lists" }, ...Object.entries(MODELS).map(([key, name]) =>
        make("div", {}, make("p", { class: "live-title" }, `${name} expects`), this.lists[key].node()))),
      make("p", { class: "live-title" }, "bits that each character cost"),
      this.paid.node(),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  say({ text }, { gru, counting, gruBits, countingBits }) {
    const { tokens } = this.given;
    const best = (p) => `${NAMES[tokens[d3.greatestIndex(p)]] ?? `“${tokens[d3.greatestIndex(p)]}”`} (${percent(d3.max(p))})`;
    const next = `Next, the GRU expects ${best(gru)}, counting ${best(counting)}.`;
    if (!text) return `${next} Nothing is typed yet.`;
    const [a, b] = [d3.sum(gruBits), d3.sum(countingBits)];
    const count = gruBits.length;
    const each = count === 1 ? "The first character" : `Each of the ${count} characters`;
    return `${next} ${each} cost the GRU ${number(a / count)} bits${count === 1 ? "" : " on average"}, and counting ${number(b / count)}.`;
  }

  draw() {
    const width = (this.width - (this.narrow ? 12 : 32)) / 2;
    for (const key of Object.keys(MODELS)) this.drawList(this.lists[key], this.numbers[key], width);
    this.drawPaid(this.width, 150);
  }

  drawList(svg, probs, width) {
    const row = 21;
    const { tokens } = this.given;
    const best = d3.sort(d3.range(probs.length), (k) => -probs[k]).slice(0, SHOWN);
    const x = d3.scaleLinear([0, 1], [38, width - 48]);
    resize(svg, width, row * SHOWN);
    const y = (_, place) => (place + 0.5) * row;
    each(svg, "rect", "live-expected", best)
      .attr("x", x(0)).attr("y", (_, place) => place * row + 3).attr("width", (k) => x(probs[k]) - x(0)).attr("height", row - 6);
    each(svg, "text", "live-letter", best).attr("x", 28).attr("y", y).attr("dy", "0.35em").attr("text-anchor", "end")
      .text((k) => SIGNS[tokens[k]] ?? tokens[k]);
    each(svg, "text", "live-axis-name", best).attr("x", (k) => x(probs[k]) + 6).attr("y", y).attr("dy", "0.35em")
      .text((k) => percent(probs[k]));
  }

  /** Two bars for each letter: up for the GRU, down for counting. */
  drawPaid(width, height) {
    const { gruBits, countingBits } = this.numbers;
    const letters = Array.from(this.settings.text);
    const column = Math.min(20, (width - 42) / Math.max(1, letters.length));
    const x = (_, t) => 42 + t * column;
    const middle = height / 2;
    const size = d3.scaleLinear([0, Math.max(8, ...gruBits, ...countingBits)], [0, middle - 18]);
    const lines = d3.range(STEP, size.domain()[1], STEP).flatMap((bits) => [-1, 1].map((side) => ({ bits, y: middle + side * (10 + size(bits)) })));
    resize(this.paid, width, height);
    each(layer(this.paid, "scale"), "path", "live-cross", lines).attr("d", ({ y }) => `M42,${y}H${width}`);
    each(this.paid, "text", "live-scale", lines).attr("x", 36).attr("y", ({ y }) => y).attr("dy", "0.35em").attr("text-anchor", "end").text(({ bits }) => bits);
    each(this.paid, "rect", "live-up", gruBits)
      .attr("x", x).attr("y", (bits) => middle - 10 - size(bits)).attr("width", Math.max(1, column - 2)).attr("height", size);
    each(this.paid, "rect", "live-down", countingBits)
      .attr("x", x).attr("y", middle + 10).attr("width", Math.max(1, column - 2)).attr("height", size);
    each(this.paid, "text", "live-letter", letters)
      .attr("x", (_, t) => x(_, t) + (column - 2) / 2).attr("y", middle).attr("dy", "0.33em").attr("text-anchor", "middle").style("font-size", `${Math.min(14, 1.6 * column)}px`)
      .text((letter) => SIGNS[letter] ?? letter);
    each(this.paid, "text", "live-axis-name", ["GRU", "count"])
      .attr("x", 0).attr("y", (_, k) => middle + (k ? 14 : -14)).attr("dy", "0.35em").text(String);
  }
}

/** A probability in percent, with a digit where it is small. */
function percent(p) {
  return p >= 0.0995 ? `${number(100 * p, 0)} %` : p >= 0.001 ? `${number(100 * p, 1)} %` : "< 0.1 %";
}

define("live-what-next", WhatNext);
