// Two forms of the GRU: the reset gate at the ear, after the product, and at the mouth, before it.
import * as gru from "../arithmetic/gru.js";
import { product, times } from "../arithmetic/vectors.js";
import { report, resetButton, slider } from "../frame/controls.js";
import { make, number } from "../frame/dom.js";
import { each, layer, picture, resize } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const HALF = 14; // of a gate's side
const FORMS = { after: "reset after the product", before: "reset before the product" };
const NAMES = { h1: ["h₁", "State of unit 1"], h2: ["h₂", "State of unit 2"], r1: ["r₁", "Reset gate of unit 1"], r2: ["r₂", "Reset gate of unit 2"] };

class TwoGrus extends Figure {
  static data = "two_grus/data";

  start() {
    return { h1: 0.8, h2: 0.5, r1: 1, r2: 0, z: 0 };
  }

  answer({ h1, h2, r1, r2, z }) {
    const [h, r] = [[h1, h2], [r1, r2]];
    const { weights } = this.given;
    const after = times(r, product(h, weights));
    const before = product(times(r, h), weights);
    const ended = (heard) => ({ heard, ...gru.blend([z, z], heard.map(Math.tanh), h) });
    return { after: ended(after), before: ended(before) };
  }

  build() {
    this.nets = Object.fromEntries(Object.entries(FORMS).map(([name, text]) => [name, picture(`Two units that hear each other, with the ${text}.`)]));
    const sliders = Object.entries(NAMES).map(([key, [name, about]]) =>
      slider(this, key, { name, about, min: key.startsWith("h") ? -1 : 0, max: 1, step: 0.05 }).element);
    this.append(
      make("p", { class: "live-todo" }, "Shut one reset gate, then the other, and compare what arrives."),
      make("div", { class: "live-bar" }, ...sliders),
      make("div", { class: "live-bar" }, slider(this, "z", { name: "Update z, of both", min: 0, max: 1, step: 0.05 }).element, resetButton(this)),
      make("div", { class: "live-panels live-forms" }, ...Object.entries(FORMS).map(([name, text]) =>
        make("div", {}, make("p", { class: "live-title" }, text), this.nets[name].node()))),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  say(_, { after, before }) {
    const pair = ([a, b]) => `${number(a)} and ${number(b)}`;
    const apart = Math.max(...after.h.map((value, k) => Math.abs(value - before.h[k])));
    const verdict = apart < 0.005 ? "The two forms agree here." : `Their new states are up to ${number(apart)} apart.`;
    return `Reset after: ${pair(after.heard)} arrive, the new states are ${pair(after.h)}. Reset before: ${pair(before.heard)} arrive, the new states are ${pair(before.h)}. ${verdict}`;
  }

  draw() {
    const width = this.narrow ? this.width : (this.width - 24) / 2;
    for (const name of Object.keys(FORMS)) this.drawNet(this.nets[name], name, width);
  }

  drawNet(svg, name, width) {
    const { settings, given } = this;
    const [h, r] = [[settings.h1, settings.h2], [settings.r1, settings.r2]];
    const { heard, h: fresh } = this.numbers[name];
    const said = name === "before" ? times(h, r) : h;
    const y = [52, 148];
    const x = { state: 22, mouth: 74, ear: width - 144, arrives: width - 92, fresh: width - 24 };
    resize(svg, width, 184);
    const links = [0, 1].flatMap((i) => [0, 1].map((j) => ({ i, j, value: said[i] * given.weights[i][j] })));
    const from = name === "before" ? x.mouth : x.state;
    const to = name === "after" ? x.ear : x.arrives;
    const ends = name === "before" ? [from + HALF, to] : [from, to - HALF];
    const lines = layer(svg, "lines");
    each(lines, "path", "live-cross", y).attr("d", (at) => `M${x.state},${at}H${from}M${to},${at}H${x.fresh}`);
    each(lines, "path", "live-carried", links).attr("d", ({ i, j }) => `M${ends[0]},${y[i]}L${ends[1]},${y[j]}`)
      .attr("stroke-width", ({ value }) => Math.max(0.6, 5 * Math.abs(value))).classed("live-negative", ({ value }) => value < 0).classed("live-none", ({ value }) => value === 0);
    each(lines, "text", "live-weight", links).attr("x", ({ i, j }) => from + (i === j ? 0.5 : 0.3) * (to - from)).attr("y", ({ i, j }) => y[i] + (i === j ? 0 : 0.3) * (y[j] - y[i]))
      .attr("dy", "0.35em").text(({ i, j }) => number(given.weights[i][j], 0));
    const gate = name === "after" ? x.ear : x.mouth;
    const valves = layer(svg, "valves");
    each(valves, "rect", "live-valve", r).attr("x", gate - HALF).attr("y", (_, k) => y[k] - HALF).attr("width", 2 * HALF).attr("height", 2 * HALF).attr("rx", 4).attr("fill-opacity", (value) => 1 - value);
    each(valves, "text", "live-valve-name", r).attr("x", gate).attr("y", (_, k) => y[k] - 20).attr("text-anchor", "middle").text((value, k) => `r${"₁₂"[k]} ${number(value)}`);
    const rings = [0, 1].flatMap((k) => [
      { x: x.state, y: y[k], text: number(h[k]), kind: "live-ring" },
      { x: x.arrives, y: y[k], text: number(heard[k]), kind: "live-ring live-heard-ring" },
      { x: x.fresh, y: y[k], text: number(fresh[k]), kind: "live-ring" },
    ]);
    const units = layer(svg, "units");
    units.selectAll("circle").data(rings).join("circle").attr("class", (d) => d.kind).attr("cx", (d) => d.x).attr("cy", (d) => d.y).attr("r", 20);
    each(units, "text", "live-number", rings).attr("x", (d) => d.x).attr("y", (d) => d.y).attr("dy", "0.35em").text((d) => d.text);
    each(svg, "text", "live-axis-name", [["old", x.state], ["arrives", x.arrives], ["new", x.fresh]])
      .attr("x", ([, at]) => at).attr("y", 14).attr("text-anchor", "middle").text(([text]) => text);
  }
}

define("live-two-grus", TwoGrus);
