// One tanh unit: its map, where it comes to rest, and a pulse that it holds or loses.
import * as rnn from "../arithmetic/rnn.js";
import { report, resetButton, slider } from "../frame/controls.js";
import { make, number } from "../frame/dom.js";
import { axes, each, layer, picture, resize, through } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const MOST = 4; // the largest weight
const STAIRS = 24; // steps of the staircase that are drawn
const EDGE = 1.3; // of the states beside the weight: room for the handle
const RAISED = 4; // so a handle hides no number below its axis

/** The positive h with tanh(w h) = h, by bisection; 0 where there is none. */
function fixedPoint(w) {
  if (w <= 1) return 0;
  let [low, high] = [1e-9, 1];
  for (let k = 0; k < 60; k++) {
    const middle = (low + high) / 2;
    if (Math.tanh(w * middle) > middle) low = middle; else high = middle;
  }
  return high;
}

class Latch extends Figure {
  static data = "latch/data";

  start() {
    return { w: 3, start: 0.3, pulse: -1 };
  }

  answer({ w, start, pulse }) {
    const [states, quiet] = [pulse, 0].map((size) => this.run(w, start, size));
    const rest = fixedPoint(w);
    return { states, rest, factor: w * (1 - rest * rest), without: quiet.at(-1) };
  }

  run(w, start, pulse) {
    const { steps, at, input } = this.given;
    const params = { W_x: [[input]], W_h: [[w]], b: [0] };
    const x = Array.from({ length: steps }, (_, t) => [t === at ? pulse : 0]);
    return rnn.forward(params, x, { state: [start] }).h.map(([h]) => h);
  }

  build() {
    this.map = picture("The map from the old state to the new one, the diagonal, and the staircase from the start.").classed("live-drag", true);
    this.fork = picture("Where the unit comes to rest, by its recurrent weight: one point up to 1, three above.").classed("live-drag", true);
    this.time = picture("The state over sixty steps, with a pulse after twenty.");
    const limit = (value, low, high) => Math.round(100 * Math.max(low, Math.min(high, value))) / 100;
    this.map.call(d3.drag().container(this.map.node()).on("start drag", ({ x }) => this.set({ start: limit(this.old.invert(x), -1, 1) })));
    this.fork.call(d3.drag().container(this.fork.node()).on("start drag", ({ x }) => this.set({ w: limit(this.weight.invert(x), 0, MOST) })));
    this.append(
      make("p", { class: "live-todo" }, "Move the weight through 1, and see when a pulse is kept."),
      make("div", { class: "live-bar" },
        slider(this, "w", { name: "Weight w", about: "Recurrent weight w", min: 0, max: MOST, step: 0.01 }).element,
        slider(this, "start", { name: "Start", min: -1, max: 1, step: 0.01 }).element,
        slider(this, "pulse", { name: "Pulse", min: -1, max: 1, step: 0.01 }).element,
        resetButton(this)),
      make("div", { class: "live-panels" }, this.map.node(), this.fork.node()),
      this.time.node(),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  /** A state above 0 stays above, one below stays below: the pulse is kept where it has changed that. */
  say({ w, pulse }, { rest, states, without }) {
    const points = w > 1 ? `Three states repeat themselves: ${number(-rest, 3)}, 0 and ${number(rest, 3)}; the outer two attract.` : "Only 0 repeats itself, and every state goes there.";
    if (pulse === 0) return `${points} There is no pulse.`;
    const [end, later] = [states.at(-1), this.given.steps - this.given.at - 1];
    const isKept = Math.sign(end) !== Math.sign(without);
    const fate = w <= 1 ? "fades" : isKept ? "is kept" : "is not kept";
    return `${points} The pulse ${fate}: ${later} steps later the state is ${number(end)}, without the pulse ${number(without)}.`;
  }

  draw() {
    const square = 270;
    this.drawMap(this.narrow ? this.width : square, square);
    this.drawFork(this.narrow ? this.width : this.width - square - 8, this.narrow ? 220 : square);
    this.drawTime(this.width, 210);
  }

  drawMap(width, height) {
    const { settings, numbers } = this;
    const side = Math.min(width - 60, height - 68);
    const x = d3.scaleLinear([-1.1, 1.1], [44, 44 + side]);
    const y = d3.scaleLinear([-1.1, 1.1], [height - 42, height - 42 - side]);
    this.old = x;
    resize(this.map, width, height);
    axes(this.map, { x, y, xTicks: 5, yTicks: 5, xName: "old state", yName: "new state" });
    const curve = d3.range(-1.1, 1.1001, 0.02).map((h) => [x(h), y(Math.tanh(settings.w * h))]);
    each(this.map, "path", "live-bound", [[[x(-1.1), y(-1.1)], [x(1.1), y(1.1)]]]).attr("d", through);
    each(this.map, "path", "live-curve", [curve]).attr("d", through);
    each(this.map, "path", "live-stairs", [this.stairs(x, y)]).attr("d", through);
    this.drawPoints(this.map, (h) => [x(h), y(h)], numbers.rest);
    each(this.map, "circle", "live-handle", [settings.start]).attr("cx", x).attr("cy", y(-1.1) - RAISED).attr("r", 7);
  }

  /** Up to the curve, across to the diagonal, and again. */
  stairs(x, y) {
    const points = [[x(this.settings.start), y(-1.1)]];
    let h = this.settings.start;
    for (let k = 0; k < STAIRS; k++) {
      const next = Math.tanh(this.settings.w * h);
      points.push([x(h), y(next)], [x(next), y(next)]);
      h = next;
    }
    return points;
  }

  /** The states that repeat themselves: full where they attract, hollow where not. */
  drawPoints(svg, place, rest) {
    const points = rest > 0 ? [[-rest, true], [0, false], [rest, true]] : [[0, true]];
    each(svg, "circle", "live-rest", points).attr("cx", ([h]) => place(h)[0]).attr("cy", ([h]) => place(h)[1])
      .attr("r", 5).classed("live-hollow", ([, attracts]) => !attracts);
  }

  drawFork(width, height) {
    const { settings, numbers } = this;
    const x = d3.scaleLinear([0, MOST], [44, width - 14]);
    const y = d3.scaleLinear([-EDGE, EDGE], [height - 42, 26]);
    this.weight = x;
    resize(this.fork, width, height);
    axes(this.fork, { x, y, xTicks: 4, yTicks: 5, xName: "weight w", yName: "states that repeat themselves" });
    const branch = (sign) => d3.range(1, MOST + 0.001, 0.01).map((w) => [x(w), y(sign * fixedPoint(w))]);
    const attracting = [[[x(0), y(0)], [x(1), y(0)]], branch(1), branch(-1)];
    each(this.fork, "path", "live-curve", attracting).attr("d", through);
    each(this.fork, "path", "live-repelling", [[[x(1), y(0)], [x(MOST), y(0)]]]).attr("d", through);
    each(this.fork, "path", "live-limit", [settings.w]).attr("d", (w) => through([[x(w), y(-EDGE)], [x(w), y(EDGE)]]));
    this.drawPoints(this.fork, (h) => [x(settings.w), y(h)], numbers.rest);
    each(this.fork, "circle", "live-handle", [settings.w]).attr("cx", x).attr("cy", y(-EDGE) - RAISED).attr("r", 7);
  }

  drawTime(width, height) {
    const { states } = this.numbers;
    const { at } = this.given;
    const x = d3.scaleLinear([0, states.length - 1], [44, width - 14]);
    const y = d3.scaleLinear([-1.5, 1.5], [height - 42, 26]);
    resize(this.time, width, height);
    axes(this.time, { x, y, xTicks: 6, yTicks: [-1, -0.5, 0, 0.5, 1], xName: "step", yName: "state" });
    const { pulse } = this.settings;
    const side = Math.sign(pulse);
    const mark = pulse === 0 ? [] : [[[x(at + 1) - 6, y(1.3 * side) + 5 * side], [x(at + 1) + 6, y(1.3 * side) + 5 * side], [x(at + 1), y(1.3 * side) - 6 * side]]];
    const inside = layer(this.time, "pulse");
    each(inside, "path", "live-tip", mark).attr("d", (points) => `${through(points)}Z`);
    each(inside, "text", "live-axis-name", mark).attr("x", x(at + 1) + 11).attr("y", y(1.3 * side)).attr("dy", "0.35em").text(`pulse ${number(pulse)}`);
    each(this.time, "path", "live-curve", [states]).attr("d", (way) => through(way.map((h, t) => [x(t), y(h)])));
    each(this.time, "circle", "live-state", states).attr("cx", (_, t) => x(t)).attr("cy", y).attr("r", 2.4);
  }
}

define("live-latch", Latch);
