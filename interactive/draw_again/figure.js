// Draw again: three learning rates of 18 seeds each, and the order that some of the seeds show.
import { dice } from "../arithmetic/dice.js";
import { button, report, resetButton, slider } from "../frame/controls.js";
import { make, number } from "../frame/dom.js";
import { axes, each, layer, legend, picture, resize } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const MILLION = 1e6; // scores are millionths of a bit, so that sums and orders are exact
const MANY = 20; // draws at one press
const KINDS = { "live-seed": "a seed", "live-drawn": "drawn (larger: more than once)", "live-all-mean": "mean of all", "live-drawn-mean": "mean of the drawn" };

/** Places of numbers from the least to the largest. */
const ordered = (sums) => sums.map((_, k) => k).sort((a, b) => sums[a] - sums[b] || a - b);

class DrawAgain extends Figure {
  static data = "draw_again/data";

  start({ seed, scores }) {
    this.throw = dice(seed, this.given);
    this.sums = scores.map((row) => d3.sum(row));
    this.order = ordered(this.sums);
    this.drawn = [];
    return { seeds: 3, draws: MANY };
  }

  answer({ seeds, draws }) {
    while (this.drawn.length < draws) this.drawn.push(this.drawOnce(this.drawn.at(-1)));
    const { picked, sums, isOther, others } = this.drawn[draws - 1];
    return {
      picked: picked.map((places) => places.slice(0, seeds)),
      means: sums.map((row) => row[seeds - 1] / seeds / MILLION),
      order: ordered(sums.map((row) => row[seeds - 1])),
      same: !isOther[seeds - 1],
      others,
    };
  }

  /** As many seeds as there are, with replacement; a reader who asks for fewer gets the first of them. */
  drawOnce(before) {
    const { scores } = this.given;
    const picked = scores.map((row) => row.map(() => Math.floor(row.length * this.throw())));
    const sums = picked.map((places, rate) => Array.from(d3.cumsum(places, (k) => scores[rate][k])));
    const isOther = scores[0].map((_, n) => String(ordered(sums.map((row) => row[n]))) !== String(this.order));
    return { picked, sums, isOther, others: isOther.map((other, n) => (before?.others[n] ?? 0) + Number(other)) };
  }

  build() {
    const most = this.given.scores[0].length;
    this.plot = picture("The test scores of all seeds of the three learning rates, those that were drawn, and the means of both.");
    this.bars = picture("For each number of seeds, the draws so far that put the rates in another order than all seeds do.");
    const draw = (count) => () => this.set({ draws: this.settings.draws + count });
    this.append(
      make("p", { class: "live-todo" }, "Choose how many seeds each learning rate gets, and draw again."),
      make("div", { class: "live-bar" },
        slider(this, "seeds", { name: "Seeds", about: "Seeds of each learning rate", min: 1, max: most, step: 1, say: String }).element,
        button("Draw again", draw(1)),
        button(`${MANY} times`, draw(MANY), { "aria-label": `Draw ${MANY} times` }),
        resetButton(this)),
      legend(KINDS),
      make("div", { class: "live-panels" }, this.plot.node(), this.bars.node()),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  say({ seeds, draws }, { means, order, same, others }) {
    const { rates, scores } = this.given;
    const most = scores[0].length;
    const found = order.map((k, place) => `${rates[k]} (${number(means[k], 3)}${place ? "" : " bits"})`).join(", ");
    const verdict = same ? `the order of all ${most}` : `all ${most} say ${this.order.map((k) => rates[k]).join(", ")}`;
    const elsewhere = [1, most].filter((n) => n !== seeds).map((n) => `, in ${others[n - 1]} with ${n}`).join("");
    return `Draw ${draws}, the best first: ${found}; ${verdict}. Another order came in ${others[seeds - 1]} of ${draws} draws with ${seeds} seed${seeds === 1 ? "" : "s"} of each rate${elsewhere}.`;
  }

  draw() {
    const side = this.narrow ? this.width : Math.round(this.width * 0.56);
    this.drawPlot(side, 260);
    this.drawBars(this.narrow ? this.width : this.width - side - 8, this.narrow ? 180 : 260);
  }

  drawPlot(width, height) {
    const { rates, scores } = this.given;
    const { picked, means } = this.numbers;
    const x = d3.scaleLinear([-0.5, rates.length - 0.5], [44, width - 8]);
    const y = d3.scaleLinear(d3.extent(scores.flat(), (score) => score / MILLION), [height - 42, 26]).nice(5);
    resize(this.plot, width, height);
    axes(this.plot, { x, y, xTicks: d3.range(rates.length), yTicks: 5, xName: "learning rate", yName: "test bits per character", xFormat: (k) => rates[k] });
    const place = ({ rate, seed }) => x(rate - 0.3 + (0.6 * seed) / (scores[rate].length - 1));
    const points = scores.flatMap((row, rate) => row.map((score, seed) => ({ rate, seed, score, times: d3.sum(picked[rate], (k) => k === seed) })));
    const put = (name, chosen, radius) => each(layer(this.plot, `${name}-layer`), "circle", name, chosen)
      .attr("cx", place).attr("cy", ({ score }) => y(score / MILLION)).attr("r", radius);
    put("live-seed", points, 3);
    layer(this.plot, "live-means"); // below what is drawn
    put("live-drawn", points.filter(({ times }) => times), ({ times }) => 3.4 * Math.sqrt(times));
    const across = (mean, rate) => `M${x(rate - 0.38)},${y(mean)}H${x(rate + 0.38)}`;
    each(layer(this.plot, "live-means"), "path", "live-all-mean", this.sums.map((sum, rate) => sum / scores[rate].length / MILLION)).attr("d", across);
    each(layer(this.plot, "live-means"), "path", "live-drawn-mean", means).attr("d", across);
  }

  drawBars(width, height) {
    const { others } = this.numbers;
    const { seeds, draws } = this.settings;
    const x = d3.scaleLinear([0.4, others.length + 0.6], [44, width - 8]);
    const y = d3.scaleLinear([0, 100], [height - 42, 26]);
    const share = (count) => y((100 * count) / draws);
    const column = (n) => x(n + 0.6);
    resize(this.bars, width, height);
    each(layer(this.bars, "live-column"), "rect", "live-band", [seeds - 1]).attr("x", (n) => x(n + 0.5)).attr("width", x(1) - x(0))
      .attr("y", y.range()[1]).attr("height", y.range()[0] - y.range()[1]);
    axes(this.bars, { x, y, xTicks: [1, 3, 5, 10, 18], yTicks: 5, xName: "seeds of each", yName: `in another order (% of ${draws} draws)` });
    each(this.bars, "rect", "live-tally", others).attr("x", (_, n) => column(n)).attr("width", x(0.8) - x(0))
      .attr("y", share).attr("height", (count) => y(0) - share(count)).classed("live-now", (_, n) => n === seeds - 1);
  }
}

define("live-draw-again", DrawAgain);
