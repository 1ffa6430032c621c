// A network writes: the same dice, and what temperature, top-k and the nucleus make of them.
import { draw, forbid, keepTopK, keepTopP, ranked, sharpen } from "../arithmetic/decoding.js";
import { dice } from "../arithmetic/dice.js";
import { LanguageModel } from "../arithmetic/language_model.js";
import { button, report, resetButton, slider } from "../frame/controls.js";
import { unpack } from "../frame/data.js";
import { make, number } from "../frame/dom.js";
import { each, legend, picture, resize } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const SHOWN = 12; // letters whose probabilities are drawn
const KNOWN = 1500; // beginnings that are remembered
const SIGNS = { "\n": "↵", "\t": "→", " ": "␣" };
const NAMES = { "\n": "a new line", "\t": "a tab", " ": "a space" };

class LetItWrite extends Figure {
  static data = ["let_it_write/data", "let_it_write/weights"];

  start({ weights, tokens }) {
    const unpacked = Object.fromEntries(Object.entries(weights).map(([name, one]) => [name, unpack(one)]));
    this.network = new LanguageModel(unpacked);
    this.unknown = tokens.indexOf("<unk>");
    this.known = new Map();
    return { temperature: 0.5, topK: tokens.length, topP: 1, dice: 7, letter: 8 };
  }

  answer(settings) {
    const { prompt } = this.given;
    if (this.known.size > KNOWN) this.known.clear();
    const found = { written: [], bits: [], models: [], changes: [] };
    let { beginning, guess } = this.readPrompt(prompt);
    for (const thrown of this.thrown(settings.dice)) {
      const changed = this.change(guess.logProbs, settings);
      const token = draw(changed, thrown);
      found.written.push(token);
      found.bits.push(-guess.logProbs[token] / Math.LN2);
      found.models.push(guess.logProbs);
      found.changes.push(changed);
      beginning += String.fromCharCode(token + 1);
      guess = this.next(beginning, token, guess.h);
    }
    const at = settings.letter;
    const left = found.changes.map((changed) => changed.filter(Number.isFinite).length);
    return { ...found, left, model: found.models[at].map(Math.exp), changed: found.changes[at].map(Math.exp) };
  }

  readPrompt(prompt) {
    let [beginning, h, guess] = ["", this.network.start, null];
    for (const token of prompt) {
      beginning += String.fromCharCode(token + 1);
      guess = this.next(beginning, token, h);
      h = guess.h;
    }
    return { beginning, guess };
  }

  /** What the network expects after a beginning, each of which is read once. */
  next(beginning, token, h) {
    if (!this.known.has(beginning)) {
      const made = this.network.step(token, h);
      this.known.set(beginning, { h: made.h, logProbs: forbid(made.logProbs, this.unknown) });
    }
    return this.known.get(beginning);
  }

  change(logProbs, { temperature, topK, topP }) {
    return keepTopP(keepTopK(sharpen(logProbs, temperature), topK), topP);
  }

  /** The numbers from 0 to 1 of one set of dice. */
  thrown(seed) {
    return Array.from({ length: this.given.length }, dice(seed, this.given));
  }

  build() {
    const { tokens, length, prompt } = this.given;
    this.letters = Array.from({ length }, (_, t) => make("span", { "data-letter": t }));
    const beginning = make("span", { class: "live-prompt" }, prompt.map((token) => tokens[token]).join(""));
    const text = make("p", { class: "live-written", onclick: ({ target }) => target.dataset.letter && this.set({ letter: Number(target.dataset.letter) }) }, beginning, ...this.letters);
    this.bars = picture("The probabilities of the twelve letters that are most probable at the chosen place, as the model has them and as they are drawn from.");
    this.strip = picture("The changed probabilities side by side, and the number that the dice show.");
    this.append(
      make("p", { class: "live-todo" }, "Change how the next letter is drawn. The dice stay the same until you throw them again."),
      make("div", { class: "live-bar" },
        slider(this, "temperature", { name: "Temperature", min: 0.1, max: 2, step: 0.05 }).element,
        slider(this, "topK", { name: "Top-k", min: 1, max: tokens.length, step: 1, say: (k) => (k === tokens.length ? "all" : String(k)) }).element,
        slider(this, "topP", { name: "Nucleus", min: 0.05, max: 1, step: 0.05 }).element),
      make("div", { class: "live-bar" }, button("Throw the dice", () => this.set({ dice: this.settings.dice + 1 })), resetButton(this)),
      text,
      make("div", { class: "live-bar" },
        slider(this, "letter", { name: "Look at letter", min: 0, max: length - 1, step: 1, say: (t) => String(t + 1) }).element),
      legend({ "live-model": "the model", "live-changed": "what is drawn from" }),
      this.bars.node(),
      this.strip.node(),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  say({ letter, dice }, { written, bits, model, left }) {
    const { tokens } = this.given;
    const token = written[letter];
    const name = NAMES[tokens[token]] ?? `“${tokens[token]}”`;
    const thrown = this.thrown(dice)[letter];
    const kept = left[letter] === 1 ? "one letter is left" : `${left[letter]} letters are left`;
    return `At letter ${letter + 1}, ${kept} to draw from, and the dice, ${number(thrown)}, fall on ${name}, to which the model gives ${number(model[token])}. To the model, this text costs ${number(d3.mean(bits))} bits a letter.`;
  }

  draw() {
    const { tokens } = this.given;
    const { written, bits } = this.numbers;
    this.letters.forEach((span, t) => {
      span.textContent = tokens[written[t]] === "\n" ? "↵\n" : tokens[written[t]];
      span.style.setProperty("--cost", `${Math.min(60, 8 * bits[t]).toFixed(0)}%`);
      span.classList.toggle("live-chosen", t === this.settings.letter);
    });
    this.order = ranked(this.numbers.model.map(Math.log));
    this.drawBars(this.width, 170);
    this.drawStrip(this.width, 64);
  }

  drawBars(width, height) {
    const { model, changed, written } = this.numbers;
    const best = this.order.slice(0, SHOWN);
    const column = (width - 36) / SHOWN;
    const y = d3.scaleLinear([0, 1], [height - 24, 8]);
    const x = (_, place) => 36 + place * column;
    resize(this.bars, width, height);
    each(this.bars, "path", "live-cross", [0, 0.5, 1]).attr("d", (p) => `M36,${y(p)}H${width}`);
    each(this.bars, "text", "live-axis-name", [0, 0.5, 1]).attr("x", 28).attr("y", y).attr("dy", "0.35em").attr("text-anchor", "end").text(String);
    each(this.bars, "rect", "live-changed", best).attr("x", (k, place) => x(k, place) + 3).attr("width", column - 6)
      .attr("y", (k) => y(changed[k])).attr("height", (k) => y(0) - y(changed[k]));
    each(this.bars, "rect", "live-model", best).attr("x", (k, place) => x(k, place) + 3).attr("width", column - 6)
      .attr("y", (k) => y(model[k])).attr("height", (k) => y(0) - y(model[k]));
    each(this.bars, "text", "live-letter", best).attr("x", (k, place) => x(k, place) + column / 2).attr("y", height - 8)
      .attr("text-anchor", "middle").classed("live-drawn", (k) => k === written[this.settings.letter]).text((k) => this.sign(k));
  }

  /** The probabilities side by side, the largest first, and where the dice fall. */
  drawStrip(width, height) {
    const { changed } = this.numbers;
    const x = d3.scaleLinear([0, 1], [36, width]);
    const order = ranked(changed.map(Math.log)).filter((k) => changed[k] > 0);
    const ends = d3.cumsum(order, (k) => changed[k]);
    const pieces = order.map((k, place) => ({ k, from: ends[place] - changed[k], to: ends[place] }));
    const thrown = this.thrown(this.settings.dice)[this.settings.letter];
    resize(this.strip, width, height);
    each(this.strip, "rect", "live-piece", pieces).attr("x", (d) => x(d.from)).attr("width", (d) => Math.max(0.5, x(d.to) - x(d.from) - 1))
      .attr("y", 22).attr("height", 24).classed("live-hit", (d) => d.from <= thrown && thrown < d.to);
    each(this.strip, "text", "live-letter", pieces.filter((d) => x(d.to) - x(d.from) > 14))
      .attr("x", (d) => x((d.from + d.to) / 2)).attr("y", 34).attr("dy", "0.35em").attr("text-anchor", "middle").text((d) => this.sign(d.k));
    each(this.strip, "path", "live-die", [thrown]).attr("d", (u) => `M${x(u) - 6},6h12l-6,13Z`);
    each(this.strip, "text", "live-axis-name", [0, 1]).attr("x", (p) => x(p)).attr("y", 60).attr("text-anchor", (p) => (p ? "end" : "start")).text(String);
  }

  sign(k) {
    return SIGNS[this.given.tokens[k]] ?? this.given.tokens[k];
  }
}

define("live-let-it-write", LetItWrite);
