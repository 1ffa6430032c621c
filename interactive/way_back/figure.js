// The way back: the gradient of one unit, step by step, and the terms that its weight collects.
import * as rnn from "../arithmetic/rnn.js";
import { choice, playButton, report, resetButton, slider } from "../frame/controls.js";
import { make, number } from "../frame/dom.js";
import { each, layer, picture, resize, through } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";

/** A number with as many decimals as it needs: with ReLU some are in the thousands, and some nearly vanish. */
function short(value, decimals = 4) {
  const size = Math.abs(value);
  if (size >= 9.995) return number(value, size < 99.95 ? 1 : 0);
  return number(value, size > 0 && size < 0.00995 ? decimals : 2);
}

class WayBack extends Figure {
  static data = "way_back/data";

  start({ x }) {
    return { w: 0.8, back: x.length - 2, activation: "tanh", losses: "all" };
  }

  answer({ w, activation, losses }) {
    const { x, wanted } = this.given;
    const params = { W_x: [[1]], W_h: [[w]], b: [0] };
    const h = rnn.forward(params, x.map((x_t) => [x_t]), { activation }).h.map(([h_t]) => h_t);
    const own = wanted.map((y, t) => (this.hasLoss(t, losses) ? h[t + 1] - y : 0));
    const found = { h: h.slice(1), own, carried: [], dh: [], da: [], terms: [] };
    let carried = 0; // nothing comes from after the last step
    for (let t = x.length - 1; t >= 0; t--) {
      const dh = own[t] + carried;
      const da = dh * rnn.DERIVATIVES[activation](h[t + 1]);
      found.carried.unshift(carried);
      found.dh.unshift(dh);
      found.da.unshift(da);
      found.terms.unshift(h[t] * da);
      carried = da * w;
    }
    return { ...found, total: d3.sum(found.terms) };
  }

  build() {
    const steps = this.given.x.length;
    this.chain = picture("The unit unrolled over six steps, with its states, and the gradient that has come back so far.");
    this.sum = picture("The gradient of the weight, one term a step, each beginning where the one before it ends.");
    const all = { all: "at every step", last: "at the last" };
    this.append(
      make("p", { class: "live-todo" }, "Go back in time, step by step, and see what the weight collects."),
      make("div", { class: "live-bar" },
        slider(this, "back", { name: "Steps back", min: 0, max: steps, step: 1, say: String }).element,
        playButton(this, "Play", () => this.run()).element, resetButton(this)),
      make("div", { class: "live-bar" },
        slider(this, "w", { name: "Weight w", about: "Recurrent weight w", min: -2, max: 2, step: 0.05 }).element,
        choice(this, "activation", { name: "Activation", options: { tanh: "tanh", relu: "ReLU" } }).element,
        choice(this, "losses", { name: "A loss", options: all }).element),
      this.chain.node(),
      this.sum.node(),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  run() {
    this.settings.back = 0;
    this.now();
    this.play(() => (this.settings.back < this.given.x.length ? this.set({ back: this.settings.back + 1 }) : false), 1000);
  }

  /** Whether the gradient has come to a step. */
  reached(t) {
    return t >= this.given.x.length - this.settings.back;
  }

  hasLoss(t, losses = this.settings.losses) {
    return losses === "all" || t === this.given.x.length - 1;
  }

  say({ back }, { own, carried, dh, da, terms, total, h }) {
    const steps = this.given.x.length;
    if (!back) return `Nothing has come back yet. In the end the gradient of the weight will be ${short(total)}.`;
    const t = steps - back;
    const so = d3.sum(terms.slice(t));
    const sub = SUBSCRIPTS[t + 1];
    const parts = [
      this.hasLoss(t) && `${short(own[t])} from its own loss`,
      t < steps - 1 && `${short(carried[t])} from step ${t + 2}`,
    ].filter(Boolean).join(" and ");
    return `Step ${t + 1} gets ${parts}: δh${sub} = ${short(dh[t])}. Before the activation that is δa${sub} = ${short(da[t])}; times the state before, h${SUBSCRIPTS[t]} = ${short(t ? h[t - 1] : 0)}, the term is ${short(terms[t])}. So far: ${short(so)} of ${short(total)}.`;
  }

  draw() {
    this.drawChain(this.width, 172);
    this.drawSum(this.width, 176);
  }

  drawChain(width, height) {
    const { numbers } = this;
    const { x, wanted } = this.given;
    const column = (width - (this.narrow ? 32 : 12)) / x.length;
    const radius = this.narrow ? 18 : 21;
    const at = (t) => 6 + (t + 0.5) * column;
    const y = { wanted: 14, h: 84, x: 154 };
    resize(this.chain, width, height);
    const forward = x.flatMap((_, t) => [
      { from: [at(t), y.x - 12], to: [at(t), y.h + radius] },
      ...(this.hasLoss(t) ? [{ from: [at(t), y.h - radius], to: [at(t), y.wanted + 10] }] : []),
      ...(t ? [{ from: [at(t - 1) + radius, y.h - 5], to: [at(t) - radius, y.h - 5] }] : []),
    ]);
    each(this.chain, "path", "live-onward", forward).attr("d", (d) => through([d.from, d.to]));
    this.drawBack(at, y, radius);
    const steps = each(this.chain, "circle", "live-unit-h", numbers.h).attr("cx", (_, t) => at(t)).attr("cy", y.h).attr("r", radius);
    steps.classed("live-reached", (_, t) => this.reached(t)).classed("live-now", (_, t) => t === x.length - this.settings.back);
    const texts = numbers.h.flatMap((h, t) => [
      { t, y: y.h, text: short(h), kind: "live-number" },
      { t, y: y.wanted, text: this.hasLoss(t) ? `${this.narrow ? "y " : "wanted "}${number(wanted[t], 1)}` : "", kind: "live-number live-quiet" },
      { t, y: y.x, text: `${this.narrow ? "x " : `x${SUBSCRIPTS[t + 1]} = `}${number(x[t], 1)}`, kind: "live-number live-quiet" },
    ]);
    layer(this.chain, "texts").selectAll("text").data(texts).join("text").attr("class", (d) => d.kind)
      .attr("x", (d) => at(d.t)).attr("y", (d) => d.y).attr("dy", "0.35em").text((d) => d.text);
  }

  /** The gradient on its way: from each loss down, from each step to the one before, and its numbers. */
  drawBack(at, y, radius) {
    const { own, carried, dh } = this.numbers;
    const most = Math.max(0.1, ...dh.map(Math.abs), ...own.map(Math.abs));
    const ways = own.flatMap((value, t) => [
      { t, value, isOwn: true, points: [[at(t) + 6, y.wanted + 10], [at(t) + 6, y.h - radius + 1]], x: at(t) + 11, y: y.wanted + 26, anchor: "start" },
      ...(t < own.length - 1 ? [{ t, value: carried[t], points: [[at(t + 1) - radius, y.h + 6], [at(t) + radius, y.h + 6]], x: (at(t) + at(t + 1)) / 2, y: y.h + 23, anchor: "middle" }] : []),
    ]).filter((d) => this.reached(d.t) && (!d.isOwn || this.hasLoss(d.t)));
    const group = layer(this.chain, "back");
    each(group, "path", "live-back", ways).attr("d", (d) => through(d.points)).attr("stroke-width", (d) => (6 * Math.abs(d.value)) / most);
    each(group, "text", "live-back-number", ways).attr("x", (d) => d.x).attr("y", (d) => d.y).attr("text-anchor", (d) => d.anchor).text((d) => short(d.value, this.narrow ? 2 : 4));
  }

  /** The terms in the order in which they come, the last step first. */
  drawSum(width, height) {
    const { terms } = this.numbers;
    const steps = terms.length;
    const ends = Array.from(d3.cumsum([...terms].reverse()));
    const bars = ends.map((end, k) => ({ t: steps - 1 - k, from: k ? ends[k - 1] : 0, to: end }));
    const x = d3.scaleLinear(d3.extent([0, ...ends]), [this.narrow ? 64 : 108, width - 52]).nice(4);
    const row = (height - 26) / steps;
    const y = (d, k) => 20 + k * row;
    resize(this.sum, width, height);
    each(this.sum, "text", "live-title-text", ["gradient of the weight, term by term"]).attr("x", 0).attr("y", 10).text(String);
    each(this.sum, "path", "live-one", [0]).attr("d", () => `M${x(0)},18V${height - 4}`);
    each(this.sum, "text", "live-axis-name", bars).attr("x", 0).attr("y", (d, k) => y(d, k) + row / 2).attr("dy", "0.35em")
      .text((d) => `${this.narrow ? "" : "step "}${d.t + 1}:  h${SUBSCRIPTS[d.t]} · δa${SUBSCRIPTS[d.t + 1]}`);
    const shown = bars.filter((d) => this.reached(d.t));
    each(this.sum, "rect", "live-term", shown).attr("x", (d) => x(Math.min(d.from, d.to))).attr("width", (d) => Math.max(1, Math.abs(x(d.to) - x(d.from))))
      .attr("y", (d, k) => y(d, k) + 3).attr("height", row - 6);
    each(this.sum, "text", "live-term-number", shown).attr("x", (d) => x(Math.max(d.from, d.to)) + 6).attr("y", (d, k) => y(d, k) + row / 2)
      .attr("dy", "0.35em").text((d) => short(d.to - d.from));
  }
}

define("live-way-back", WayBack);
