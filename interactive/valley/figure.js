// A valley: the path of descent from any start, and how fast each direction arrives.
import { factor, inValley } from "../arithmetic/descent.js";
import { length } from "../arithmetic/vectors.js";
import { button, report, resetButton, slider } from "../frame/controls.js";
import { make, number, power } from "../frame/dom.js";
import { axes, clipped, each, layer, legend, picture, resize, through } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const [REACH_X, REACH_Y] = [4.6, 2.6];
const LEAST = 1e-4; // the smallest distance that is drawn
const TINY = 1e-12; // so little of the distance is nothing

class Valley extends Figure {
  static data = "valley/data";

  start() {
    return { x: -4, y: 1, kappa: 40, rate: 1.9, momentum: 0 };
  }

  answer({ x, y, kappa, rate, momentum }) {
    const curvature = [1, kappa];
    const path = inValley(curvature, [x, y], rate / kappa, momentum, this.given.steps);
    return { path, factors: curvature.map((one) => factor(one, rate / kappa, momentum)) };
  }

  /** The best rate for this valley, in units of one over the steepest curvature, and momentum. */
  best(hasMomentum) {
    const { kappa } = this.settings;
    const root = Math.sqrt(kappa);
    if (!hasMomentum) return { rate: (2 * kappa) / (1 + kappa), momentum: 0 };
    return { rate: (4 * kappa) / (1 + root) ** 2, momentum: ((root - 1) / (root + 1)) ** 2 };
  }

  build() {
    this.map = picture("The valley from above, and the path of descent.").classed("live-drag", true);
    const near = (value, reach) => Math.round(20 * Math.max(-reach, Math.min(reach, value))) / 20;
    this.map.call(d3.drag().container(this.map.node()).on("start drag", ({ x, y }) =>
      this.set({ x: near(this.x.invert(x), 4), y: near(this.y.invert(y), 2) })));
    this.plot = picture("The distance from the lowest point by step, along the floor and across, on a logarithmic axis.");
    this.append(
      make("p", { class: "live-todo" }, "Pull the start, and find a rate and a momentum that arrive soon. Then press the two buttons."),
      make("div", { class: "live-bar" },
        slider(this, "rate", { name: "Rate · λ₂", about: "Learning rate times the steepest curvature", min: 0.02, max: 3.98, step: 0.02 }).element,
        slider(this, "momentum", { name: "Momentum", min: 0, max: 0.98, step: 0.01 }).element,
        slider(this, "kappa", { name: "Steepness κ", about: "How much steeper the walls are than the floor", min: 1, max: 100, step: 1, say: String }).element),
      make("div", { class: "live-bar" },
        button("Best without momentum", () => this.set(this.best(false))),
        button("Best with momentum", () => this.set(this.best(true))),
        resetButton(this)),
      make("div", { class: "live-bar" },
        slider(this, "x", { name: "Start along", min: -4, max: 4, step: 0.05 }).element,
        slider(this, "y", { name: "Start across", min: -2, max: 2, step: 0.05 }).element),
      make("div", { class: "live-panels" }, this.map.node(),
        make("div", {}, legend({ "live-along": "along the floor", "live-across": "across" }), this.plot.node())),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  say(_, { path, factors }) {
    const [along, across] = factors;
    return `${arrival(path)} In the long run a step multiplies the distance by ${number(along, 3)} along the floor and by ${number(across, 3)} across.`;
  }

  draw() {
    const half = this.narrow ? this.width : (this.width - 8) / 2;
    this.drawMap(half, 262);
    this.drawPlot(half, 262);
  }

  drawMap(width, height) {
    const { kappa } = this.settings;
    this.x = d3.scaleLinear([-REACH_X, REACH_X], [44, width - 10]);
    this.y = d3.scaleLinear([-REACH_Y, REACH_Y], [height - 42, 26]);
    const { x, y } = this;
    resize(this.map, width, height);
    axes(this.map, { x, y, xTicks: 5, yTicks: 5, xName: "along the floor", yName: "across" });
    const inside = clipped(this.map, x.range(), y.range());
    const levels = d3.range(0.5, 9 * Math.sqrt(kappa), Math.max(0.5, 0.25 * Math.sqrt(kappa)));
    each(inside, "ellipse", "live-level", levels).attr("cx", x(0)).attr("cy", y(0))
      .attr("rx", (level) => x(level) - x(0)).attr("ry", (level) => y(0) - y(level / Math.sqrt(kappa)));
    const points = this.numbers.path.map(([a, b]) => [x(bounded(a)), y(bounded(b))]);
    each(inside, "path", "live-way", [points]).attr("d", through);
    each(inside, "circle", "live-state-dot", points).attr("cx", ([a]) => a).attr("cy", ([, b]) => b).attr("r", 2.5);
    each(inside, "path", "live-goal", [0]).attr("d", `M${x(0) - 5},${y(0) - 5}l10,10m0,-10l-10,10`);
    each(this.map, "circle", "live-handle", [0]).attr("cx", x(this.settings.x)).attr("cy", y(this.settings.y)).attr("r", 8);
  }

  drawPlot(width, height) {
    const { path } = this.numbers;
    const x = d3.scaleLinear([0, path.length - 1], [46, width - 12]);
    const y = d3.scaleLog([LEAST, 100], [height - 42, 26]);
    resize(this.plot, width, height);
    axes(this.plot, { x, y, xTicks: 4, yTicks: [1e-4, 1e-2, 1, 100], xName: "step", yName: "distance", yFormat: (value) => power(value, 0) });
    const inside = clipped(this.plot, x.range(), y.range());
    ["live-along", "live-across"].forEach((name, k) => {
      const points = path.map((p, t) => [x(t), y(Math.max(1e-12, Math.min(1e12, Math.abs(p[k]))))]);
      each(layer(inside, `${name}-line`), "path", name, [points]).attr("d", through);
    });
  }
}

/** How much of the distance from the lowest point is left. */
function arrival(path) {
  const [first, last] = [length(path[0]), length(path.at(-1))];
  const after = `After ${path.length - 1} steps`;
  if (first === 0) return "It starts at the lowest point and stays there.";
  if (last > first) return `${after} the distance is ${power(last / first)} times as long.`;
  return last < TINY * first ? `${after} nothing of the distance is left.` : `${after} ${power(last / first)} of the distance is left.`;
}

const bounded = (value) => Math.max(-1e4, Math.min(1e4, value));

define("live-valley", Valley);
