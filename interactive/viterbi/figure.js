// Viterbi: pull the scores of tags, forbid pairs, and follow the best sequence word by word.
import { viterbi, wayBack } from "../arithmetic/crf.js";
import { playButton, report, resetButton, rove, slider, toggle } from "../frame/controls.js";
import { make, number } from "../frame/dom.js";
import { each, layer, picture, resize } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const MOST = 3; // the largest score

class Viterbi extends Figure {
  static data = "viterbi/data";

  start({ tags, scores, words }) {
    const forbidden = tags.map((one) => tags.map((next) => one === "O" && next === "I"));
    return { scores: structuredClone(scores), forbidden, step: words.length };
  }

  answer({ scores, forbidden, step }) {
    const { after, never } = this.given;
    const table = viterbi(scores, after.map((row, j) => row.map((score, k) => (forbidden[j][k] ? never : score))));
    return { ...table, way: wayBack(table, step - 1) };
  }

  build() {
    const { tags, words } = this.given;
    this.svg = picture("A column of three tags for each word, with their scores; lines to the tag that each came from; the best sequence is drawn thick.");
    const pairs = tags.flatMap((one, j) => tags.map((next, k) => toggle(this, {
      name: `${one} ${next}${this.bonus(j, k)}`,
      about: `${next} may come after ${one}${this.bonus(j, k)}`,
      pressed: (settings) => !settings.forbidden[j][k],
      press: () => this.change("forbidden", j, k, !this.settings.forbidden[j][k]),
    }).element));
    const scores = tags.map((tag, k) => slider(this, "scores", {
      name: tag, about: `Score of ${tag} at the chosen word`, min: -MOST, max: MOST, step: 0.1, say: (value) => number(value, 1),
      read: ({ scores: all, step }) => all[step - 1][k],
      write: (value) => ({ scores: replaced(this.settings.scores, this.settings.step - 1, k, value) }),
    }).element);
    this.chosen = make("span", {});
    this.append(
      make("p", { class: "live-todo" }, "Pull a score up or down, or forbid a pair: the best sequence changes as a whole."),
      make("div", { class: "live-bar" },
        slider(this, "step", { name: "Words", min: 1, max: words.length, step: 1, say: String }).element,
        playButton(this, "Play", () => this.run()).element, resetButton(this)),
      make("div", { class: "live-bar" }, make("span", {}, "Allowed pairs"), rove(make("div", { class: "live-pairs", role: "group", "aria-label": "Pairs of tags that are allowed" }, ...pairs))),
      make("div", { class: "live-bar" }, this.chosen, ...scores),
      this.svg.node(),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  change(key, row, column, value) {
    this.set({ [key]: replaced(this.settings[key], row, column, value) });
  }

  run() {
    this.settings.step = 1;
    this.now();
    this.play(() => (this.settings.step < this.given.words.length ? this.set({ step: this.settings.step + 1 }) : false), 900);
  }

  /** What a pair of tags adds to the score of a sequence, as text. */
  bonus(j, k) {
    const { after } = this.given;
    return after[j][k] ? ` +${number(after[j][k], 1)}` : "";
  }

  say({ step, scores, forbidden }, { best, way }) {
    const { tags, words, after } = this.given;
    const read = words.slice(0, step).join(" ");
    if (!this.isAllowed) return `Up to “${read}” no sequence is allowed.`;
    const whole = `Best for “${read}”: ${named(way, tags)}, with a score of ${number(best[step - 1][way.at(-1)], 1)}.`;
    const alone = scores.slice(0, step).map((row) => d3.greatestIndex(row));
    if (named(alone, tags) === named(way, tags)) return `${whole} The best tags of the words alone are the same.`;
    const pairs = d3.pairs(alone);
    const sum = d3.sum(alone, (k, t) => scores[t][k]) + d3.sum(pairs, ([j, k]) => after[j][k]);
    const worth = pairs.some(([j, k]) => forbidden[j][k]) ? "which is not allowed" : `with a score of ${number(sum, 1)}`;
    return `${whole} The best tags of the words alone: ${named(alone, tags)}, ${worth}.`;
  }

  /** Whether any sequence up to the chosen word is allowed. */
  get isAllowed() {
    const { best, way } = this.numbers;
    return best[this.settings.step - 1][way.at(-1)] > this.given.never / 2;
  }

  draw() {
    const { words, tags } = this.given;
    const { scores, step, forbidden } = this.settings;
    const { best, cameFrom, way } = this.numbers;
    this.chosen.textContent = `Scores at “${words[step - 1]}”`;
    const left = 30;
    const column = (this.width - left) / words.length;
    const [row, radius] = [78, this.narrow ? 17 : 20];
    const x = (t) => left + (t + 0.5) * column;
    const y = (k) => 28 + k * row;
    resize(this.svg, this.width, row * tags.length + 24);
    const places = words.flatMap((_, t) => tags.map((_tag, k) => ({ t, k })));
    const links = places.filter(({ t }) => t > 0 && t < step).flatMap(({ t, k }) => tags.map((_, j) => ({ t, j, k })))
      .filter(({ j, k }) => !forbidden[j][k])
      .map((link) => ({ ...link, came: cameFrom[link.t][link.k] === link.j, onWay: this.isAllowed && way[link.t] === link.k && way[link.t - 1] === link.j }))
      .sort((a, b) => a.onWay - b.onWay);
    each(layer(this.svg, "links"), "path", "live-link", links)
      .attr("d", ({ t, j, k }) => `M${x(t - 1)},${y(j)}L${x(t)},${y(k)}`)
      .classed("live-came", (d) => d.came).classed("live-on-way", (d) => d.onWay);
    const nodes = each(layer(this.svg, "nodes"), "circle", "live-tag", places).attr("cx", ({ t }) => x(t)).attr("cy", ({ k }) => y(k)).attr("r", radius)
      .classed("live-on-way", ({ t, k }) => t < step && this.isAllowed && way[t] === k).classed("live-later", ({ t }) => t >= step)
      .style("--score", ({ t, k }) => `${Math.max(0, 12 * (scores[t][k] + MOST)).toFixed(0)}%`);
    nodes.call(d3.drag().on("drag", (event, { t, k }) => this.pull(t, k, -event.dy / 20)));
    const texts = layer(this.svg, "texts");
    each(texts, "text", "live-number", places).attr("x", ({ t }) => x(t)).attr("y", ({ k }) => y(k)).attr("dy", "0.35em").text(({ t, k }) => number(scores[t][k], 1));
    each(texts, "text", "live-best", places).attr("x", ({ t }) => x(t)).attr("y", ({ k }) => y(k) + radius + 13).attr("text-anchor", "middle")
      .text(({ t, k }) => (t >= step ? "" : best[t][k] < this.given.never / 2 ? "never" : number(best[t][k], 1)));
    each(texts, "text", "live-bonus", links.filter((link) => link.came))
      .attr("x", ({ t, j, k }) => x(t - 1) + (j === k ? 0.5 : 0.65) * column)
      .attr("y", ({ j, k }) => y(j) + 0.62 * (y(k) - y(j)) - (j === k && this.narrow ? 14 : 5))
      .attr("text-anchor", ({ j, k }) => (j === k ? "middle" : "start")).text(({ j, k }) => this.bonus(j, k));
    each(this.svg, "text", "live-best-name", tags).attr("x", 2).attr("y", (_, k) => y(k) + radius + 13).text("best");
    each(this.svg, "text", "live-axis-name", tags).attr("x", 2).attr("y", (_, k) => y(k)).attr("dy", "0.35em").text(String);
    each(this.svg, "text", "live-word", words).attr("x", (_, t) => x(t)).attr("y", row * tags.length + 18).attr("text-anchor", "middle")
      .classed("live-now", (_, t) => t === step - 1).text(String);
  }

  pull(t, k, by) {
    const raw = this.raw?.t === t && this.raw.k === k ? this.raw.value : this.settings.scores[t][k];
    const value = Math.max(-MOST, Math.min(MOST, raw + by));
    this.raw = { t, k, value };
    this.change("scores", t, k, Math.round(10 * value) / 10);
  }
}

/** The rows with one value replaced. */
function replaced(rows, row, column, value) {
  return rows.map((old, j) => (j === row ? old.map((one, k) => (k === column ? value : one)) : old));
}

const named = (way, tags) => way.map((k) => tags[k]).join("\u00a0");

define("live-viterbi", Viterbi);
