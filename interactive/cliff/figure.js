// A cliff: descent from any start, with gradients as they are, or clipped by norm or by value.
import { clipByNorm, clipByValue, sgdStep } from "../arithmetic/descent.js";
import { length } from "../arithmetic/vectors.js";
import { choice, report, resetButton, slider } from "../frame/controls.js";
import { make, number, power } from "../frame/dom.js";
import { axes, clipped, each, picture, resize, through } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const [W, B] = [[0.75, 1.25], [-0.15, 0.2]];
const [COLUMNS, ROWS, BANDS] = [140, 120, 16]; // of the map
const RULES = { none: (gradient) => gradient, norm: clipByNorm, value: clipByValue };

class Cliff extends Figure {
  static data = "cliff/data";

  start() {
    return { w: 1.1, b: 0.14, rule: "none", limit: 1, rate: 0.1 };
  }

  answer({ w, b, rule, limit, rate }) {
    const [path, losses, norms] = [[[w, b]], [], []];
    let cut = 0;
    for (let k = 0; k < this.given.steps; k++) {
      const { loss, gradient } = this.loss(...path[k]);
      losses.push(loss);
      norms.push(length(gradient));
      const used = RULES[rule](gradient, limit);
      cut += used.some((g, i) => g !== gradient[i]);
      path.push(sgdStep(path[k], used, [0, 0], rate)[0]);
    }
    return { path, losses: [...losses, this.loss(...path.at(-1)).loss], norms, cut };
  }

  /** The loss of the unit after its steps, and its derivatives by w and b, carried forward. */
  loss(w, b) {
    let [h, h_w, h_b] = [0, 0, 0];
    for (let t = 0; t < this.given.unrolled; t++) {
      const next = Math.tanh(w * h + b);
      const slope = 1 - next * next;
      [h, h_w, h_b] = [next, slope * (h + w * h_w), slope * (1 + w * h_b)];
    }
    const error = h - this.given.goal;
    return { loss: error * error, gradient: [2 * error * h_w, 2 * error * h_b] };
  }

  build() {
    this.map = picture("The loss by weight and bias from above, the bluer the larger, and the path of descent.").classed("live-drag", true);
    const near = (value, [low, high]) => Math.round(200 * Math.max(low, Math.min(high, value))) / 200;
    this.map.call(d3.drag().container(this.map.node()).on("start drag", ({ x, y }) =>
      this.set({ w: near(this.x.invert(x), W), b: near(this.y.invert(y), B) })));
    this.plot = picture("The loss by step, on a logarithmic axis.");
    const rules = { none: "not clipped", norm: "by norm", value: "by value" };
    this.append(
      make("p", { class: "live-todo" }, "Clip the gradient, and pull the start across the cliff. The bluer the map, the larger the loss."),
      make("div", { class: "live-bar" },
        choice(this, "rule", { name: "Gradient", options: rules }).element,
        slider(this, "limit", { name: "Limit", min: 0.1, max: 4, step: 0.1, write: (limit) => ({ limit, rule: this.clipping() }) }).element,
        slider(this, "rate", { name: "Rate", min: 0.01, max: 0.2, step: 0.01 }).element),
      make("div", { class: "live-bar" },
        slider(this, "w", { name: "Start w", min: W[0], max: W[1], step: 0.005, say: (value) => number(value, 3) }).element,
        slider(this, "b", { name: "Start b", min: B[0], max: B[1], step: 0.005, say: (value) => number(value, 3) }).element,
        resetButton(this)),
      make("div", { class: "live-panels" }, this.map.node(), this.plot.node()),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  /** Who moves the limit wants to clip. */
  clipping() {
    return this.settings.rule === "none" ? "norm" : this.settings.rule;
  }

  say({ rule }, { path, losses, norms, cut }) {
    const out = path.findIndex(isOff);
    const [w, b] = path.at(-1);
    const last = losses.at(-1) < 0.001 ? "less than 0.001" : number(losses.at(-1), 3);
    const leaves = out < 0 ? "stays on this map" : `leaves this map at step ${out}${isOff([w, b]) ? "" : ", comes back"}`;
    const clippings = rule === "none" ? "" : `, and ${cut} of ${norms.length} ${cut === 1 ? "is" : "are"} clipped`;
    const way = `The path ${leaves} and ends at w = ${number(w)}, b = ${number(b)}; the loss goes from ${number(losses[0], 3)} to ${last}.`;
    return `${way} The longest gradient on the way is ${power(Math.max(...norms))}${clippings}.`;
  }

  draw() {
    const side = this.narrow ? this.width : Math.round(this.width * 0.56);
    this.drawMap(side, 290);
    this.drawPlot(this.narrow ? this.width : this.width - side - 8, this.narrow ? 220 : 290);
  }

  drawMap(width, height) {
    this.x = d3.scaleLinear(W, [48, width - 10]);
    this.y = d3.scaleLinear(B, [height - 42, 26]);
    const { x, y } = this;
    resize(this.map, width, height);
    axes(this.map, { x, y, xTicks: 5, yTicks: 5, xName: "weight w", yName: "bias b" });
    const inside = clipped(this.map, x.range(), y.range());
    this.drawLoss(inside);
    const points = this.numbers.path.map(([w, b]) => [x(bounded(w)), y(bounded(b))]);
    each(inside, "path", "live-way", [points]).attr("d", through);
    each(inside, "circle", "live-state-dot", points).attr("cx", ([a]) => a).attr("cy", ([, b]) => b).attr("r", 3);
    each(this.map, "circle", "live-handle", [0]).attr("cx", x(this.settings.w)).attr("cy", y(this.settings.b)).attr("r", 8);
  }

  /** The loss as bands, one path a band, in strips of cells side by side; they change with the width alone. */
  drawLoss(inside) {
    if (this.drawnFor === this.width) return;
    this.drawnFor = this.width;
    const { x, y } = this;
    const bands = Array.from({ length: BANDS }, () => "");
    const [dw, db] = [(W[1] - W[0]) / COLUMNS, (B[1] - B[0]) / ROWS];
    for (const row of d3.range(ROWS)) {
      const b = B[0] + row * db;
      const own = d3.range(COLUMNS).map((column) => this.band(W[0] + (column + 0.5) * dw, b + db / 2));
      const starts = d3.range(COLUMNS).filter((column) => own[column] !== own[column - 1]);
      starts.forEach((column, k) => {
        const [left, right] = [column, starts[k + 1] ?? COLUMNS].map((edge) => x(W[0] + edge * dw).toFixed(1));
        bands[own[column]] += `M${left},${y(b).toFixed(1)}H${right}V${y(b + db).toFixed(1)}H${left}Z`;
      });
    }
    each(inside, "path", "live-loss", bands).attr("d", String).attr("fill-opacity", (_, k) => (0.85 * k) / BANDS);
  }

  /** Which of the bands holds the loss at w and b: they are as far apart as the states are. */
  band(w, b) {
    return Math.min(BANDS - 1, Math.floor((BANDS * Math.sqrt(this.loss(w, b).loss)) / (1 + this.given.goal)));
  }

  drawPlot(width, height) {
    const { losses } = this.numbers;
    const x = d3.scaleLinear([0, losses.length - 1], [52, width - 10]);
    const y = d3.scaleLog([1e-4, 3], [height - 42, 26]);
    resize(this.plot, width, height);
    axes(this.plot, { x, y, xTicks: 4, yTicks: [1e-4, 1e-3, 1e-2, 0.1, 1], xName: "step", yName: "loss", yFormat: (value) => power(value, 0) });
    const inside = clipped(this.plot, x.range(), y.range());
    each(inside, "path", "live-way", [losses]).attr("d", (all) => through(all.map((loss, t) => [x(t), y(Math.max(1e-9, loss))])));
  }
}

const isOff = ([w, b]) => w < W[0] || w > W[1] || b < B[0] || b > B[1];
const bounded = (value) => Math.max(-50, Math.min(50, value));

define("live-cliff", Cliff);
