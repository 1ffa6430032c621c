// A network writes: the same dice, and what temperature, top-k and the nucleus make of them.
import { dice } from "../arithmetic/dice.js";
import { ranked } from "../arithmetic/decoding.js";
import { button, choice, report, resetButton, slider } from "../frame/controls.js";
import { load } from "../frame/data.js";
import { make, number, power } from "../frame/dom.js";
import { each, legend, picture, resize } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";
import { Writer } from "./writer.js";

const SHOWN = 12; // tokens whose probabilities are drawn
const SIGNS = { "\n": "↵", "\t": "→", " ": "␣" };
const NAMES = { "\n": "a new line", "\t": "a tab", " ": "a space" };
const CHINESE = '24px "Noto Sans CJK TC more"';
const TEXTS = { play: "a play", quatrains: "two lines of a poem" };

class LetItWrite extends Figure {
  static data = ["let_it_write/data", "let_it_write/play"];

  start({ most, ...given }) {
    this.writers = { play: new Writer(given) };
    return { text: "play", temperature: 0.5, topK: most, topP: 1, dice: 7, letter: 8 };
  }

  /** The poems' network and font come when they are asked for; until then all stays as it is. */
  async set(changes) {
    super.set(changes);
    const { text } = this.settings;
    if (this.writers[text]) return;
    const [given] = await Promise.all([load(`let_it_write/${text}`), document.fonts.load(CHINESE, "月")]);
    this.writers[text] = new Writer(given);
    super.set({});
  }

  answer(settings) {
    const text = this.writers[settings.text] ? settings.text : this.numbers.text;
    const topK = settings.topK === this.given.most ? Infinity : settings.topK;
    const { models, changes, ...found } = this.writers[text].write({ ...settings, topK }, this.thrown(settings.dice, text));
    const at = Math.min(settings.letter, models.length - 1);
    const left = changes.map((changed) => changed.filter(Number.isFinite).length);
    return { ...found, left, text, at, model: models[at].map(Math.exp), changed: changes[at].map(Math.exp) };
  }

  /** The numbers from 0 to 1 of one set of dice. */
  thrown(seed, text) {
    return Array.from({ length: this.writers[text].length }, dice(seed, this.given));
  }

  get writer() {
    return this.writers[this.numbers.text];
  }

  build() {
    const { most } = this.given;
    const look = ({ target }) => target.closest("[data-letter]") && this.set({ letter: Number(target.closest("[data-letter]").dataset.letter) });
    this.text = make("div", { onclick: look });
    this.bars = picture("The probabilities of the twelve tokens that are most probable at the chosen place, as the model has them and as they are drawn from.");
    this.strip = picture("The changed probabilities side by side, and the number that the dice show.");
    const place = { name: "Look at", about: "Look at letter", min: 0, max: () => this.writer.length - 1, step: 1, say: (t) => String(t + 1) };
    this.append(
      make("p", { class: "live-todo" }, "Change how the next letter is drawn. The dice stay the same until you throw them again."),
      make("div", { class: "live-bar" },
        slider(this, "temperature", { name: "Temperature", min: 0.1, max: 2, step: 0.05 }).element,
        slider(this, "topK", { name: "Top-k", min: 1, max: most, step: 1, say: (k) => (k === most ? "all" : String(k)) }).element,
        slider(this, "topP", { name: "Nucleus", min: 0.05, max: 1, step: 0.05 }).element),
      make("div", { class: "live-bar" },
        choice(this, "text", { name: "Write", options: TEXTS }).element,
        button("Throw the dice", () => this.set({ dice: this.settings.dice + 1 })), resetButton(this)),
      this.text,
      make("div", { class: "live-bar" }, slider(this, "letter", { ...place, read: () => this.numbers.at }).element, make("span", {}, "The greener, the more it surprises the model.")),
      legend({ "live-model": "probability to the model", "live-changed": "probability in the draw" }),
      this.bars.node(),
      this.strip.node(),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  say({ dice: seed }, { written, bits, model, changed, left, at, text }) {
    const unit = text === "play" ? "letter" : "character";
    const token = written[at];
    const kept = left[at] === 1 ? `one ${unit} is left` : `${left[at].toLocaleString("en")} ${unit}s are left`;
    const thrown = number(this.thrown(seed, text)[at]);
    return `At ${unit} ${at + 1}, ${kept} to draw from, and the dice, ${thrown}, fall on ${this.name(token)}, whose probability is ${power(changed[token])} now and ${power(model[token])} to the model. To the model, this text costs ${number(d3.mean(bits))} bits a ${unit}.`;
  }

  draw() {
    if (this.shown !== this.numbers.text) this.newText();
    this.drawText();
    this.order = ranked(this.numbers.model.map(Math.log));
    this.drawBars(this.width, 170);
    this.drawStrip(this.width, 64);
  }

  /** Room for a play, a line of letters after its beginning, or for a poem, its characters in lines of six. */
  newText() {
    const { length, prompt, tokens } = this.writer;
    this.shown = this.numbers.text;
    const isPlay = this.shown === "play";
    this.letters = Array.from({ length }, (_, t) => make("span", { "data-letter": t }));
    const beginning = isPlay ? [make("span", { class: "live-prompt" }, prompt.map((token) => tokens[token]).join(""))] : [];
    this.text.className = isPlay ? "live-written" : "live-poem";
    this.text.replaceChildren(...beginning, ...this.letters);
  }

  drawText() {
    const { written, bits, at } = this.numbers;
    this.letters.forEach((span, t) => {
      span.replaceChildren(...this.parts(this.writer.tokens[written[t]]));
      span.style.setProperty("--cost", `${Math.min(60, (this.shown === "play" ? 8 : 4) * bits[t]).toFixed(0)}%`);
      span.classList.toggle("live-chosen", t === at);
    });
  }

  /** A letter, or a character with how it is read and what it means. */
  parts(token) {
    if (this.shown === "play") return [token === "\n" ? "↵\n" : token];
    const [pinyin, english] = this.writer.glosses[token] ?? ["", ""];
    return [make("b", { lang: "zh-Hant" }, token), make("small", { lang: "zh-Latn" }, pinyin), make("small", {}, english)];
  }

  drawBars(width, height) {
    const { model, changed, written, at } = this.numbers;
    const best = this.order.slice(0, SHOWN);
    const column = (width - 36) / SHOWN;
    const y = d3.scaleLinear([0, Math.max(0.1, ...best.map((k) => Math.max(model[k], changed[k])))], [height - 38, 8]).nice(2);
    const marks = y.ticks(2);
    const x = (_, place) => 36 + place * column;
    resize(this.bars, width, height);
    each(this.bars, "path", "live-cross", marks).attr("d", (p) => `M36,${y(p)}H${width}`);
    each(this.bars, "text", "live-axis-name", marks).attr("x", 28).attr("y", y).attr("dy", "0.35em").attr("text-anchor", "end").text(String);
    for (const [name, p] of [["live-changed", changed], ["live-model", model]]) {
      each(this.bars, "rect", name, best).attr("x", (k, place) => x(k, place) + 3).attr("width", column - 6)
        .attr("y", (k) => y(p[k])).attr("height", (k) => y(0) - y(p[k]));
    }
    each(this.bars, "text", "live-letter", best).attr("x", (k, place) => x(k, place) + column / 2).attr("y", height - 22)
      .attr("text-anchor", "middle").text((k) => this.sign(k));
    each(this.bars, "rect", "live-drawn", best.flatMap((k, place) => (k === written[at] ? [place] : []))).attr("x", (place) => x(0, place) + column / 2 - 11)
      .attr("y", height - 36).attr("width", 22).attr("height", 20).attr("rx", 2);
    each(this.bars, "text", "live-english", this.narrow ? [] : best).attr("x", (k, place) => x(k, place) + column / 2).attr("y", height - 6)
      .attr("text-anchor", "middle").text((k) => this.english(k));
  }

  /** The probabilities side by side, the largest first, and where the dice fall. */
  drawStrip(width, height) {
    const { changed, at, text } = this.numbers;
    const x = d3.scaleLinear([0, 1], [36, width]);
    const order = ranked(changed.map(Math.log)).filter((k) => changed[k] > 0);
    const ends = d3.cumsum(order, (k) => changed[k]);
    const thrown = this.thrown(this.settings.dice, text)[at];
    const pieces = order.map((k, place) => ({ k, from: ends[place] - changed[k], to: ends[place], isHit: ends[place] - changed[k] <= thrown && thrown < ends[place] }));
    const wide = pieces.filter((d) => d.isHit || x(d.to) - x(d.from) > 1);
    resize(this.strip, width, height);
    each(this.strip, "rect", "live-whole", [0]).attr("x", 36).attr("width", width - 36).attr("y", 22).attr("height", 24);
    each(this.strip, "rect", "live-piece", wide).attr("x", (d) => x(d.from)).attr("width", (d) => Math.max(1, x(d.to) - x(d.from) - 1))
      .attr("y", 22).attr("height", 24).classed("live-hit", (d) => d.isHit);
    each(this.strip, "text", "live-letter", wide.filter((d) => x(d.to) - x(d.from) > 14))
      .attr("x", (d) => x((d.from + d.to) / 2)).attr("y", 34).attr("dy", "0.35em").attr("text-anchor", "middle").text((d) => this.sign(d.k));
    each(this.strip, "path", "live-die", [thrown]).attr("d", (u) => `M${x(u) - 6},6h12l-6,13Z`);
    each(this.strip, "text", "live-axis-name", [0, 1]).attr("x", (p) => x(p)).attr("y", 60).attr("text-anchor", (p) => (p ? "end" : "start")).text(String);
  }

  sign(k) {
    return SIGNS[this.writer.tokens[k]] ?? this.writer.tokens[k];
  }

  english(k) {
    return this.writer.glosses?.[this.writer.tokens[k]]?.[1] ?? "";
  }

  /** What a token is called in a sentence. */
  name(k) {
    const token = this.writer.tokens[k];
    return NAMES[token] ?? `“${token}”${this.english(k) && ` (${this.english(k)})`}`;
  }
}

define("live-let-it-write", LetItWrite);
