// Gradients on their way back through a network of 32 units: eigenvalues, and norms by lag.
import { identity, logNorm } from "../arithmetic/matrices.js";
import * as rnn from "../arithmetic/rnn.js";
import { scaled } from "../arithmetic/vectors.js";
import { choice, report, resetButton, slider } from "../frame/controls.js";
import { make, number, power } from "../frame/dom.js";
import { axes, clipped, each, legend, picture, resize, through } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const [LEAST, MOST] = [0.3, 3];
const REACH = 3.25; // of the plane of eigenvalues
const DECADES = 12; // shown above and below 1
const LN10 = Math.log(10);

class GradientFlow extends Figure {
  static data = "gradient_flow/data";

  start() {
    return { kind: "gaussian", activation: "tanh", radius: 1.2, input: 0.5 };
  }

  answer({ kind, activation, radius, input }) {
    const base = this.given.matrices[kind];
    const factor = radius / base.radius;
    const params = {
      W_x: this.given.W_x.map((row) => scaled(row, input)),
      W_h: base.W.map((row) => scaled(row, factor)),
      b: base.W.map(() => 0),
    };
    const { h } = rnn.forward(params, this.given.x, { state: this.given.start, activation });
    const logs = [0];
    let product = identity(params.b.length);
    for (let t = h.length - 1; t > this.given.burn; t--) {
      product = rnn.back(params, h[t], product, activation);
      logs.push(logNorm(product));
    }
    const eigenvalues = base.eigenvalues.map((value) => scaled(value, factor));
    const growth = logs.at(-1) / (logs.length - 1);
    return { logs, growth, eigenvalues, rate: Math.log(radius), bound: Math.log(factor * base.norm) };
  }

  build() {
    this.plane = picture("The eigenvalues of the recurrent weights in the complex plane, with the unit circle.").classed("live-drag", true);
    this.plane.call(d3.drag().container(this.plane.node()).on("start drag", (event) => this.drag(event)));
    this.plot = picture("How much of a gradient is left at most, by steps back, on a logarithmic axis.");
    const kinds = { gaussian: "Gaussian", orthogonal: "Orthogonal", symmetric: "Symmetric" };
    this.append(
      make("p", { class: "live-todo" }, "Pull the disc of eigenvalues wider or narrower, and change the input."),
      make("div", { class: "live-bar" },
        choice(this, "kind", { name: "Weights", options: kinds }).element,
        choice(this, "activation", { name: "Activation", options: { tanh: "tanh", linear: "none" } }).element),
      make("div", { class: "live-bar" },
        slider(this, "radius", { name: "Spectral radius ρ", min: LEAST, max: MOST, step: 0.01 }).element,
        slider(this, "input", { name: "Size of the input", min: 0, max: 3, step: 0.05 }).element,
        resetButton(this)),
      make("div", { class: "live-panels" },
        this.plane.node(),
        make("div", {}, legend({ "live-measured": "measured", "live-bound": "bound ‖W‖ᵏ", "live-rate": "rate ρᵏ" }), this.plot.node())),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  drag({ x, y }) {
    const distance = Math.hypot(this.x.invert(x), this.y.invert(y));
    this.set({ radius: Math.round(100 * Math.min(MOST, Math.max(LEAST, distance))) / 100 });
  }

  say({ kind }, { logs, growth, bound }) {
    const end = logs.at(-1);
    const verdict = end < -1 ? "Gradients vanish" : end > 1 ? "Gradients explode" : "Gradients last";
    const most = Math.max(...logs);
    const first = most > Math.max(0, end) + 0.1 ? ` On the way it had been up to ${power(Math.exp(most))} times as long.` : "";
    const left = end > 1 ? `a gradient is up to ${power(Math.exp(end))} times as long` : `at most ${power(Math.exp(end))} of a gradient is left`;
    return `${verdict}: ${logs.length - 1} steps back, ${left}. A step multiplies by ${power(Math.exp(growth))} on average, λ = ${number(growth)}, and by ‖W‖ = ${number(Math.exp(bound))} at most.${first}`;
  }

  draw() {
    const side = this.narrow ? Math.min(this.width, 250) : 250;
    this.drawPlane(side);
    this.drawPlot(this.narrow ? this.width : this.width - side - 8, this.narrow ? 230 : 232);
  }

  drawPlane(side) {
    const margin = 6;
    this.x = d3.scaleLinear([-REACH, REACH], [margin, side - margin]);
    this.y = d3.scaleLinear([-REACH, REACH], [side - margin, margin]);
    const { x, y } = this;
    const radius = (value) => x(value) - x(0);
    resize(this.plane, side, side);
    each(this.plane, "path", "live-cross", [[[-REACH, 0], [REACH, 0]], [[0, -REACH], [0, REACH]]])
      .attr("d", (line) => through(line.map(([a, b]) => [x(a), y(b)])));
    each(this.plane, "circle", "live-disc", [this.settings.radius]).attr("cx", x(0)).attr("cy", y(0)).attr("r", radius);
    each(this.plane, "circle", "live-unit", [1]).attr("cx", x(0)).attr("cy", y(0)).attr("r", radius);
    each(this.plane, "circle", "live-measured", this.numbers.eigenvalues)
      .attr("cx", ([real]) => x(real)).attr("cy", ([, imaginary]) => y(imaginary)).attr("r", 2.6);
    const corner = Math.SQRT1_2 * this.settings.radius;
    each(this.plane, "circle", "live-handle", [corner]).attr("cx", x).attr("cy", y).attr("r", 8);
    each(this.plane, "text", "live-axis-name", [
      { text: "eigenvalues", x: margin, y: margin + 10, anchor: "start" },
      { text: "real", x: side - margin, y: y(0) - 5, anchor: "end" },
      { text: "imaginary", x: x(0) + 5, y: side - margin - 2, anchor: "start" },
    ]).attr("x", (d) => d.x).attr("y", (d) => d.y).attr("text-anchor", (d) => d.anchor).text((d) => d.text);
  }

  drawPlot(width, height) {
    const { logs, rate, bound, growth } = this.numbers;
    const lags = logs.length - 1;
    const x = d3.scaleLinear([0, lags], [46, width - 12]);
    const y = d3.scaleLinear([-DECADES, DECADES], [height - 42, 26]);
    resize(this.plot, width, height);
    axes(this.plot, {
      x, y, xTicks: 5, yTicks: [-12, -8, -4, 0, 4, 8, 12],
      xName: "steps back, k", yName: "gradient left, at most", yFormat: (value) => power(10 ** value, 0),
    });
    const inside = clipped(this.plot, x.range(), y.range());
    const line = (slope) => through([[x(0), y(0)], [x(lags), y((slope * lags) / LN10)]]);
    each(inside, "path", "live-one", [0]).attr("d", line);
    each(inside, "path", "live-bound", [bound]).attr("d", line);
    each(inside, "path", "live-rate", [rate]).attr("d", line);
    each(inside, "circle", "live-measured", logs).attr("cx", (_, k) => x(k)).attr("cy", (log) => y(log / LN10)).attr("r", 2.4);
    const beside = y(logs.at(-1) / LN10) + (growth < 0 ? 19 : -9); // where no point is
    const end = Math.min(y.range()[0] - 8, Math.max(y.range()[1] + 14, beside));
    each(this.plot, "text", "live-strong", [growth]).attr("x", x(lags)).attr("y", end).attr("text-anchor", "end").text((value) => `λ = ${number(value)}`);
  }
}

define("live-gradient-flow", GradientFlow);
