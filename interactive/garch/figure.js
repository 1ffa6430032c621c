// GARCH: three numbers, a state, and the band that they draw around the returns of a share.
import * as rnn from "../arithmetic/rnn.js";
import { button, report, resetButton, slider } from "../frame/controls.js";
import { make, number } from "../frame/dom.js";
import { axes, clipped, each, legend, picture, resize, through } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const HALF = 1.645; // standard deviations: nine of ten days of a normal distribution lie inside
const NAMES = { omega: "ω", alpha: "α", beta: "β" };

class Garch extends Figure {
  static data = "garch/data";

  start({ returns }) {
    this.squares = returns.map((one) => one * one);
    return { omega: 0.5, alpha: 0.1, beta: 0.5 };
  }

  answer({ omega, alpha, beta }) {
    const first = d3.mean(this.squares);
    const params = { W_x: [[alpha]], W_h: [[beta]], b: [omega] };
    const x = this.squares.slice(0, -1).map((square) => [square]);
    const { h } = rnn.forward(params, x, { state: [first], activation: "relu" });
    const v = h.map(([one]) => one);
    const cost = d3.mean(v, (one, t) => 0.5 * (Math.log(2 * Math.PI * one) + this.squares[t] / one));
    const outside = d3.mean(v, (one, t) => Number(this.squares[t] > HALF * HALF * one));
    return { v, cost, outside };
  }

  build() {
    const { fitted } = this.given;
    this.best = this.answer(fitted).cost;
    this.plot = picture("The returns of IBM from 2007 to 2010 as dots, and the band that the three numbers forecast.");
    const ranges = { omega: { min: 0.01, max: 1, step: 0.01 }, alpha: { min: 0, max: 0.5, step: 0.005 }, beta: { min: 0, max: 0.99, step: 0.005 } };
    this.append(
      make("p", { class: "live-todo" }, "Find the three numbers that make these returns most likely, where a day costs least."),
      make("div", { class: "live-bar" },
        ...Object.entries(NAMES).map(([key, name]) => slider(this, key, { name, about: `${key}`, ...ranges[key], say: (value) => number(value, 3) }).element)),
      make("div", { class: "live-bar" },
        button("Most likely", () => this.set({ ...fitted })), button("Constant", () => this.set({ omega: Math.round(25 * d3.mean(this.squares)) / 100, alpha: 0, beta: 0.75 })), resetButton(this)),
      legend({ "live-band-key": "where nine of ten days should lie", "live-measured": "return of a day", "live-outside": "outside the band" }),
      this.plot.node(),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  say({ alpha, beta }, { cost, outside, v }) {
    const half = alpha + beta < 1 ? Math.log(0.5) / Math.log(alpha + beta) : Infinity;
    const memory = alpha < 0.003 ? "A large move changes nothing." : !(half < 1000) ? "A large move is never forgotten."
      : `A large move raises the variance, and half of that is gone after ${half < 1 ? "less than a day" : `${number(half, half < 10 ? 1 : 0)} days`}.`;
    const gap = cost - this.best;
    const near = gap < 0.0005 ? "as with" : `${number(gap, 3)} more than with`;
    const [narrow, wide] = d3.extent(v).map((one) => number(HALF * Math.sqrt(one), 1));
    return `A day costs ${number(cost, 3)} nats, ${near} the most likely numbers. The band ${narrow === wide ? `is always ±${wide}` : `goes from ±${narrow} to ±${wide}`} percent, and ${number(100 * outside, 1)} % of the days lie outside. ${memory}`;
  }

  draw() {
    const [width, height] = [this.width, 270];
    const { returns, begins } = this.given;
    const { v } = this.numbers;
    const x = d3.scaleLinear([0, v.length - 1], [44, width - 12]);
    const y = d3.scaleLinear([-12, 12], [height - 42, 26]);
    resize(this.plot, width, height);
    axes(this.plot, { x, y, xTicks: begins, yTicks: 6, xName: "beginning of the year", yName: "return of IBM (percent)", xFormat: (day) => 2007 + begins.indexOf(day) });
    const inside = clipped(this.plot, x.range(), y.range());
    const edge = v.map((one, t) => [x(t), HALF * Math.sqrt(one)]);
    const band = [...edge.map(([at, half]) => [at, y(half)]), ...edge.reverse().map(([at, half]) => [at, y(-half)])];
    each(inside, "path", "live-sure", [band]).attr("d", (points) => `${through(points)}Z`);
    const dots = (chosen) => returns.map((one, t) => (this.squares[t] > HALF * HALF * v[t]) === chosen ? `M${x(t).toFixed(1)},${y(one).toFixed(1)}h0` : "").join("");
    each(inside, "path", "live-returns", [dots(false), dots(true)]).attr("d", String).classed("live-outside", (_, k) => k);
  }
}

define("live-garch", Garch);
