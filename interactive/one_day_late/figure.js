// One day late: the tutorial's forecast of a price, moved to the left day by day.
import * as lstm from "../arithmetic/lstm.js";
import { add, product } from "../arithmetic/vectors.js";
import { report, resetButton, slider } from "../frame/controls.js";
import { unpack } from "../frame/data.js";
import { make, number } from "../frame/dom.js";
import { axes, each, layer, legend, picture, resize, through } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const EDGE = 5; // days at both ends that no shift may use

class OneDayLate extends Figure {
  static data = ["one_day_late/data", "one_day_late/weights"];

  start({ weights, price, low, high, shifts }) {
    const w = Object.fromEntries(Object.entries(weights).map(([name, one]) => [name, unpack(one)]));
    const forecast = (value) => {
      const { hs } = lstm.forward(w, [[(value - low) / (high - low)]]);
      return add(product(hs[0], w.W), w.b_y)[0] * (high - low) + low;
    };
    this.made = price.slice(0, -1).map(forecast);
    this.price = price.slice(1);
    this.errors = shifts.map((shift) => this.error(shift));
    return { shift: 0, first: 300 };
  }

  /** The mean error over all days of the forecast that is moved by a shift. */
  error(shift) {
    const days = d3.range(EDGE, this.made.length - EDGE);
    return d3.mean(days, (day) => Math.abs(this.made[day] - this.price[day - shift]));
  }

  answer({ shift, first }) {
    const days = d3.range(first, first + this.given.span);
    return { price: days.map((day) => this.price[day]), moved: days.map((day) => this.made[day + shift]), errors: this.errors };
  }

  build() {
    const { shifts, span } = this.given;
    this.plot = picture("The price of Microsoft and the forecast, moved by the shift.");
    this.bars = picture("The mean error of the forecast for each shift.");
    this.append(
      make("p", { class: "live-todo" }, "Move the forecast to the left until it fits best."),
      make("div", { class: "live-bar" },
        slider(this, "shift", { name: "Days to the left", min: shifts[0], max: shifts.at(-1), step: 1, say: (value) => number(value, 0) }).element,
        slider(this, "first", { name: "First day", min: EDGE, max: this.price.length - span - EDGE - 1, step: 1, say: String }).element,
        resetButton(this)),
      legend({ "live-price": "price", "live-forecast": "forecast of the LSTM" }),
      this.plot.node(),
      this.bars.node(),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  say({ shift }, { errors }) {
    const { shifts } = this.given;
    const best = shifts[d3.leastIndex(errors)];
    const moved = (by) => (by ? `Moved ${Math.abs(by)} day${Math.abs(by) === 1 ? "" : "s"} to the ${by < 0 ? "right" : "left"}` : "Not moved");
    const end = shift === best ? "Nowhere does it fit better." : `${moved(best)}, it is off by ${number(Math.min(...errors))}.`;
    return `${moved(shift)}, the forecast is off by ${number(errors[shifts.indexOf(shift)])} dollars on average over the whole test. ${end}`;
  }

  draw() {
    this.drawPlot(this.width, 240);
    this.drawBars(this.width, 150);
  }

  drawPlot(width, height) {
    const { price, moved } = this.numbers;
    const { first } = this.settings;
    const x = d3.scaleLinear([first, first + price.length - 1], [44, width - 12]);
    const y = d3.scaleLinear(d3.extent([...price, ...this.made.slice(first - 3, first + price.length + EDGE)]), [height - 42, 26]).nice(4);
    resize(this.plot, width, height);
    axes(this.plot, { x, y, xTicks: 6, yTicks: 4, xName: "trading day of the test", yName: "price of Microsoft (US dollars)" });
    const at = (values) => values.map((value, k) => [x(first + k), y(value)]);
    for (const [name, values] of Object.entries({ "live-price": price, "live-forecast": moved })) {
      const group = layer(this.plot, `${name}-line`);
      each(group, "path", name, [at(values)]).attr("d", through);
      each(group, "circle", name, at(values)).attr("cx", ([a]) => a).attr("cy", ([, b]) => b).attr("r", 2.4);
    }
  }

  drawBars(width, height) {
    const { errors } = this.numbers;
    const { shifts } = this.given;
    const x = d3.scaleLinear([shifts[0] - 0.6, shifts.at(-1) + 0.6], [44, width - 12]);
    const y = d3.scaleLinear([0, d3.max(errors)], [height - 42, 26]).nice(3);
    resize(this.bars, width, height);
    axes(this.bars, { x, y, xTicks: shifts, yTicks: 3, xName: "days to the left", yName: "mean error over the test (US dollars)", xFormat: (value) => number(value, 0) });
    each(this.bars, "rect", "live-error-bar", errors).attr("x", (_, k) => x(shifts[k] - 0.35)).attr("width", x(0.7) - x(0))
      .attr("y", y).attr("height", (error) => y(0) - y(error)).classed("live-now", (_, k) => shifts[k] === this.settings.shift);
  }
}

define("live-one-day-late", OneDayLate);
