// Where it looks: a date in any of twelve languages, the weights of each step, the tree of a beam.
import { beamSearch } from "../arithmetic/beam.js";
import { Seq2Seq } from "../arithmetic/seq2seq.js";
import { choice, field, report, resetButton, select, slider } from "../frame/controls.js";
import { unpack } from "../frame/data.js";
import { make, number } from "../frame/dom.js";
import { each, layer, picture, resize } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const START = 1;
const END = 2;
const DAY = 86_400_000; // milliseconds
const SIGNS = { " ": "␣", "\u202f": "␣", "\u200f": "←" }; // the last one turns the writing round
const FORMS = { full: "full", long: "long", medium: "short" };
const ARABIC = /[\u0600-\u06ff]/;
const LETTERS = /'([^']*)'|([dMEy])\2*|./gu; // of a pattern: d, dd, MMM, 'de', ...

class WhereItLooks extends Figure {
  static data = ["where_it_looks/data", "where_it_looks/weights"];

  start({ weights }) {
    this.network = new Seq2Seq(Object.fromEntries(Object.entries(weights).map(([name, one]) => [name, unpack(one)])));
    const day = Date.UTC(2091, 11, 18) / DAY - FIRST;
    return { day, language: "fr", form: "medium", typed: "", step: 5, width: 1 };
  }

  answer({ day, language, form, typed, width }) {
    const text = typed || write(day, this.given.languages[language], form);
    const start = this.network.start(this.ids(text));
    const step = (token, state) => this.network.step(token, state);
    const greedy = beamSearch(step, start, START, { width: 1, steps: this.given.steps, end: END }).found[0];
    const { found, levels } = beamSearch(step, start, START, { width, steps: this.given.steps, end: END });
    return {
      text, ...this.look(found[0].tokens, start), greedy,
      found: found.map(({ tokens, logP }) => [tokens, Math.exp(logP)]),
      levels: levels.map((level) => level.map(({ tokens, logP }) => [tokens, logP])),
    };
  }

  ids(text) {
    const { texts } = this.given;
    return Array.from(text, (sign) => (texts.includes(sign) ? texts.indexOf(sign) : texts.indexOf("<unk>")));
  }

  /** Where each character of what was written looked, and how probable it was. */
  look(tokens, start) {
    const [looks, p] = [[], []];
    let [last, state] = [START, start];
    for (const token of tokens) {
      const made = this.network.step(last, state);
      looks.push(made.weights);
      p.push(Math.exp(made.logProbs[token]));
      [last, state] = [token, made.state];
    }
    return { looks, p };
  }

  build() {
    const { languages, days, widest } = this.given;
    const names = Object.fromEntries(Object.entries(languages).map(([key, { name }]) => [key, name]));
    const most = { name: "or type a text", most: 40, placeholder: "31 Feb 2026", dir: "auto" };
    const steps = { name: "Character", min: 0, max: 9, step: 1, say: (k) => String(k + 1) };
    this.lines = picture("The text above, the date below, and lines from each character written to those it looked at.");
    this.lines.classed("live-pick", true).on("pointerdown", (event) => this.choose(d3.pointer(event, this.lines.node())));
    this.tree = picture("The beginnings that beam search kept at each step, as a tree.");
    document.fonts.addEventListener("loadingdone", () => this.width && this.draw()); // one comes with the first Chinese text
    this.append(
      make("p", { class: "live-todo" }, "Choose a day and a language. Then go through the characters written, and widen the beam."),
      make("div", { class: "live-bar" },
        slider(this, "day", { name: "Day", min: 0, max: days - 1, step: 1, say: iso, write: (day) => ({ day, typed: "" }) }).element,
        select(this, "language", { name: "Language", options: names, write: (language) => ({ language, typed: "" }) }).element,
        choice(this, "form", { name: "Form", options: FORMS, write: (form) => ({ form, typed: "" }) }).element),
      field(this, "typed", most).element,
      this.lines.node(),
      make("div", { class: "live-bar" },
        slider(this, "step", steps).element,
        slider(this, "width", { name: "Beam", min: 1, max: widest, step: 1, say: String }).element,
        resetButton(this)),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
      make("p", { class: "live-title" }, "The beginnings that the beam keeps, the most probable on top, and the probability of each whole date"),
      this.tree.node(),
    );
  }

  say({ typed, day, width, step }, { text, looks, found, p, greedy }) {
    const [tokens, chance] = found[0];
    const k = Math.min(step, tokens.length - 1);
    if (k < 0) return "It writes nothing.";
    const place = d3.greatestIndex(looks[k]);
    const sign = Array.from(text)[place];
    const [written, one] = [this.signs(tokens), this.signs(greedy.tokens)].map((signs) => signs.join(""));
    const verdict = (date) => (typed ? "" : date === iso(day) ? ", right" : ", wrong");
    const about = (date, p_date, word = "probability ") => `${date} (${word}${number(p_date)}${verdict(date)})`;
    const beam = width === 1 ? `A beam of 1 finds ${about(written, chance)}.`
      : written === one ? `A beam of ${width} finds what a beam of 1 does, ${about(written, chance)}.`
      : `A beam of ${width} finds ${about(written, chance)}; a beam of 1 finds ${about(one, Math.exp(greedy.logP), "")}.`;
    return `Character ${k + 1} is “${this.signs(tokens)[k]}”, with the probability ${number(p[k])}. It looks mostly at “${SIGNS[sign] ?? sign}”, character ${place + 1} of the text (weight ${number(looks[k][place])}). ${beam}`;
  }

  /** What stands for tokens; a dot for those, such as <unk>, that no date has. */
  signs(tokens) {
    return tokens.map((token) => this.given.dates[token]).map((sign) => (sign.length > 1 ? "·" : sign));
  }

  /** The places of characters, in as many lines as they need; Arabic runs to the left. */
  rows(signs) {
    const lines = Math.ceil((signs.length * 15) / this.width);
    const columns = Math.ceil(signs.length / lines);
    const turned = ARABIC.test(signs.join("")) && numbersTurned(signs, columns);
    const column = (t) => (turned ? columns - 1 - (turned[t] % columns) : t % columns);
    const cell = Math.min(26, this.width / columns);
    const left = (this.width - cell * columns) / 2;
    return { cell, lines, at: (t) => [left + (column(t) + 0.5) * cell, 14 + 26 * Math.floor(t / columns)] };
  }

  choose([x]) {
    const count = this.numbers.looks.length;
    const k = Math.floor((x - (this.width - 26 * count) / 2) / 26);
    if (k >= 0 && k < count) this.set({ step: Math.min(k, 9) });
  }

  draw() {
    this.drawLines();
    this.drawTree();
  }

  drawLines() {
    const { text, looks, found } = this.numbers;
    const [signs, written] = [Array.from(text), this.signs(found[0][0])];
    const chosen = Math.min(this.settings.step, written.length - 1);
    const { cell, lines, at } = this.rows(signs);
    const bottom = 26 * lines + 120;
    const out = (k) => [(this.width - 26 * written.length) / 2 + 26 * (k + 0.5), bottom];
    const all = looks.flatMap((weights, k) => weights.map((weight, t) => ({ k, t, weight, isChosen: k === chosen }))).filter((d) => d.weight > 0.02);
    resize(this.lines, this.width, bottom + 16);
    each(layer(this.lines, "looks"), "path", "live-look", d3.sort(all, (d) => d.isChosen)).attr("d", ({ k, t }) => curve(out(k), at(t)))
      .attr("stroke-width", ({ weight, isChosen }) => (isChosen ? 1 + 5 * weight : 1)).attr("stroke-opacity", ({ weight, isChosen }) => (isChosen ? 1 : 0.45 * weight));
    each(layer(this.lines, "places"), "rect", "live-place", looks[chosen] ?? []).attr("x", (_, t) => at(t)[0] - cell / 2 + 1).attr("y", (_, t) => at(t)[1] - 12)
      .attr("width", cell - 2).attr("height", 23).attr("rx", 3).style("--weight", (weight) => `${4 + 46 * weight}%`);
    each(layer(this.lines, "reads"), "text", "live-read", signs).attr("x", (_, t) => at(t)[0]).attr("y", (_, t) => at(t)[1]).attr("dy", "0.32em").text((sign) => SIGNS[sign] ?? sign);
    each(layer(this.lines, "heres"), "rect", "live-here", chosen < 0 ? [] : [chosen]).attr("x", (k) => out(k)[0] - 12).attr("y", bottom - 12).attr("width", 24).attr("height", 24).attr("rx", 4);
    each(layer(this.lines, "outs"), "text", "live-out", written).attr("x", (_, k) => out(k)[0]).attr("y", bottom).attr("dy", "0.34em").classed("live-chosen", (_, k) => k === chosen).text(String);
  }

  /** Each beginning stands by its last character, the most probable one on top. */
  drawTree() {
    const { levels, found } = this.numbers;
    const ended = new Map(found.map(([tokens, p]) => [String(tokens), number(p)]));
    const shown = levels.slice(0, 10);
    const isBest = (tokens) => tokens.every((token, k) => token === found[0][0][k]);
    const column = (this.width - 44) / shown.length;
    const place = (s, rank) => [14 + column * s, 14 + 27 * rank];
    const nodes = shown.flatMap((level, s) => level.map(([tokens, logP], rank) => {
      const parent = s ? shown[s - 1].findIndex(([before]) => before.every((token, k) => token === tokens[k])) : -1;
      return { at: place(s, rank), from: s ? place(s - 1, parent) : null, sign: this.signs(tokens)[s], p: Math.exp(logP), best: isBest(tokens), end: ended.get(String(tokens)) };
    }));
    resize(this.tree, this.width, 27 * this.settings.width + 2);
    each(layer(this.tree, "branches"), "path", "live-branch", d3.sort(nodes.filter(({ from }) => from), (d) => d.best)).attr("d", (d) => across(d.from, d.at))
      .attr("stroke-width", ({ p }) => 1 + 5 * p).classed("live-best", (d) => d.best);
    each(layer(this.tree, "leaves"), "circle", "live-leaf", nodes).attr("cx", (d) => d.at[0]).attr("cy", (d) => d.at[1]).attr("r", 11).classed("live-best", (d) => d.best);
    each(layer(this.tree, "signs"), "text", "live-sign", nodes).attr("x", (d) => d.at[0]).attr("y", (d) => d.at[1]).attr("dy", "0.35em").classed("live-quiet", (d) => d.p < 0.01).text((d) => d.sign);
    each(layer(this.tree, "ends"), "text", "live-end", nodes.filter(({ end }) => end)).attr("x", (d) => d.at[0] + 16).attr("y", (d) => d.at[1]).attr("dy", "0.35em").text(({ end }) => end);
  }
}

const FIRST = Date.UTC(1900, 0, 1) / DAY;

const iso = (day) => new Date((FIRST + day) * DAY).toISOString().slice(0, 10);

/** A day as a language writes it, by its pattern. */
function write(day, { patterns, names, digits }, form) {
  const date = new Date((FIRST + day) * DAY);
  const parts = { d: date.getUTCDate(), M: date.getUTCMonth() + 1, y: date.getUTCFullYear() };
  const text = patterns[form].replace(LETTERS, (part, quoted, letter) => {
    if (!letter) return quoted ?? part;
    if (letter === "E") return names.EEEE[(date.getUTCDay() + 6) % 7];
    return names[part]?.[parts.M - 1] ?? String(parts[letter]).padStart(part.length, "0");
  });
  return text.replace(/\d/g, (digit) => digits[digit]);
}

/** Characters are numbered from the right; the digits of a number, within a line, from the left. */
function numbersTurned(signs, columns) {
  const isDigit = (t) => /\p{Nd}/u.test(signs[t] ?? "");
  const first = (t) => (t % columns && isDigit(t - 1) ? first(t - 1) : t);
  const last = (t) => ((t + 1) % columns && isDigit(t + 1) ? last(t + 1) : t);
  return signs.map((_, t) => (isDigit(t) ? first(t) + last(t) - t : t));
}

/** From a character written, upwards, to one that was read. */
const curve = ([x, y], [to, top]) => `M${x},${y - 13}C${x},${y - 70} ${to},${top + 70} ${to},${top + 13}`;

/** From a beginning to one that follows it. */
const across = ([x, y], [to, there]) => `M${x},${y}C${(x + to) / 2},${y} ${(x + to) / 2},${there} ${to},${there}`;

define("live-where-it-looks", WhereItLooks);
