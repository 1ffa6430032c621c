// Five cups: swaps of neighbours as writes of some strength, and what every place then reads.
import { product } from "../arithmetic/vectors.js";
import { button, report, resetButton, slider } from "../frame/controls.js";
import { make, number, power } from "../frame/dom.js";
import { axes, clipped, each, layer, picture, resize, through } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const TIE = 1e-9; // a lead below it is none: a tie, up to rounding
const FLOOR = 1e-5; // the smallest lead that is drawn
const CUP = 118; // its height
const TAPER = 0.2; // how much narrower it is at its top

/** A write of the delta rule with the value zero: S - b kᵀ (k S). */
function write(S, k, b) {
  const held = product(k, S);
  return S.map((row, i) => row.map((s, j) => s - b * k[i] * held[j]));
}

/** How much more a place reads for the right ball than for any other. */
const lead = (read, ball) => read[ball] - Math.max(...read.filter((_, other) => other !== ball));

class Cups extends Figure {
  static data = "cups/data";

  start() {
    return { b: 1.9, swaps: 20, game: 0 };
  }

  answer({ b, swaps, game }) {
    const { keys, games } = this.given;
    let S = keys[0].map((_, i) => keys[0].map((_, j) => Number(i === j)));
    let places = S.map((_, i) => i);
    let [memory, balls] = [S, places];
    const leads = [1];
    Array.from(games[game], Number).forEach((move, t) => {
      S = write(S, keys[move], b);
      places = d3.permute(places, S.map((_, i) => (i === move ? move + 1 : i === move + 1 ? move : i)));
      leads.push(lead(S[0], places[0]));
      if (t + 1 === swaps) [memory, balls] = [S, places];
    });
    const wrong = leads.findIndex((value) => value < TIE);
    return { memory, balls, leads, wrong: wrong < 0 ? null : wrong };
  }

  build() {
    const { games } = this.given;
    this.row = picture("Five cups, each filled with what its place reads for the five balls, and below it the ball that is there.");
    this.plot = picture("The lead of the right ball at the first place, by swaps, on a logarithmic axis, and where the answer is wrong.").classed("live-drag", true);
    this.plot.call(d3.drag().container(this.plot.node()).on("start drag", ({ x }) => this.set({ swaps: Math.round(Math.max(0, Math.min(games[0].length, this.x.invert(x)))) })));
    this.append(
      make("p", { class: "live-todo" }, "Add swaps, and watch the share of the right ball shrink. Then move b."),
      make("div", { class: "live-bar" },
        slider(this, "swaps", { name: "Swaps so far", min: 0, max: games[0].length, step: 1, say: String }).element,
        slider(this, "b", { name: "Strength b", min: 1, max: 2, step: 0.01 }).element,
        button("Other swaps", () => this.set({ game: (this.settings.game + 1) % games.length })),
        resetButton(this)),
      make("p", { class: "live-title" }, "what each place reads for the five balls, the right one lowest; below it, the ball that is there"),
      this.row.node(), this.plot.node(),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  say({ b, swaps }, { memory, balls, wrong }) {
    const chance = Math.round(500 * (2 - b)) / 10; // in per cent
    const how = b === 2 ? "Each write is a swap." : `The shares are what you would know if each swap failed with a chance of ${chance} %.`;
    const isWrong = lead(memory[0], balls[0]) < TIE;
    const now = `After ${swaps} swap${swaps === 1 ? "" : "s"} place 1 reads ${number(memory[0][balls[0]])} for the right ball${isWrong ? ", and no less for another" : ""}.`;
    const end = wrong === null ? `None of the ${this.given.games[0].length} answers is wrong.` : `The first wrong answer comes at swap ${wrong}.`;
    return `${how} ${now} ${end}`;
  }

  draw() {
    this.drawCups(this.width);
    this.drawPlot(this.width, this.narrow ? 210 : 220);
  }

  drawCups(width) {
    const { memory, balls } = this.numbers;
    const { swaps, game } = this.settings;
    const [top, bottom] = [28, 28 + CUP];
    const middle = d3.scaleLinear([0, balls.length - 1], [width / 10, width - width / 10]);
    const half = Math.min(width / 13, 44);
    const at = (i, share, side) => [middle(i) + side * half * (1 - TAPER * share), bottom - CUP * share];
    const slice = (i, from, to) => `${through([at(i, from, -1), at(i, from, 1), at(i, to, 1), at(i, to, -1)])}Z`;
    resize(this.row, width, bottom + 70);
    const move = swaps ? [Number(this.given.games[game][swaps - 1])] : [];
    const arch = (i) => `M${middle(i)},${top - 4}C${middle(i)},${top - 32} ${middle(i + 1)},${top - 32} ${middle(i + 1)},${top - 4}`;
    each(this.row, "path", "live-move", move).attr("d", arch);
    const fill = balls.flatMap((ball, i) => {
      const order = [ball, ...balls.map((_, k) => k).filter((k) => k !== ball)];
      const ends = [0, ...d3.cumsum(order, (k) => memory[i][k])];
      return order.map((k, n) => ({ ball: k, d: slice(i, ends[n], ends[n + 1]) }));
    });
    each(layer(this.row, "fill"), "path", "live-ball", fill).attr("data-ball", (d) => d.ball).attr("d", (d) => d.d);
    const isWrong = (i) => lead(memory[i], balls[i]) < TIE;
    each(this.row, "path", "live-cup", balls).attr("d", (_, i) => slice(i, 0, 1)).classed("live-wrong", (_, i) => isWrong(i));
    each(this.row, "circle", "live-ball", balls).attr("data-ball", (ball) => ball).attr("cx", (_, i) => middle(i)).attr("cy", bottom + 17).attr("r", 9);
    each(this.row, "text", "live-number", balls).attr("x", (_, i) => middle(i)).attr("y", bottom + 44)
      .text((_, i) => (isWrong(i) ? "wrong" : number(memory[i][balls[i]]))).classed("live-wrong", (_, i) => isWrong(i));
    each(this.row, "text", "live-axis-name", balls).attr("x", (_, i) => middle(i)).attr("y", bottom + 60).attr("text-anchor", "middle")
      .text((_, i) => (i ? i + 1 : "place 1"));
  }

  drawPlot(width, height) {
    const { leads, wrong } = this.numbers;
    const { swaps } = this.settings;
    const x = d3.scaleLinear([0, leads.length - 1], [48, width - 12]);
    const y = d3.scaleLog([FLOOR, 1.3], [height - 60, 26]);
    const strip = height - 51; // the middle of the row of wrong answers
    this.x = x;
    resize(this.plot, width, height);
    axes(this.plot, { x, y: d3.scaleLinear([0, 1], [height - 42, 26]), xTicks: this.narrow ? 4 : 8, yTicks: [], xName: "swaps", yName: "lead at place 1 (logarithmic)" });
    const marks = [1, 0.1, 0.01, 1e-3, 1e-4];
    each(this.plot, "path", "live-cross", marks).attr("d", (value) => `M${x(0)},${y(value)}H${x(leads.length - 1)}`);
    each(this.plot, "text", "live-quiet", [...marks.map((value) => [power(value, 0), y(value)]), ["wrong", strip]])
      .attr("x", x(0) - 7).attr("y", ([, place]) => place).attr("dy", "0.32em").attr("text-anchor", "end").text(([text]) => text);
    const points = leads.map((value, t) => ({ t, value }));
    const line = points.map(({ t, value }) => (value < TIE ? "" : `${t && leads[t - 1] >= TIE ? "L" : "M"}${x(t).toFixed(1)},${y(value).toFixed(1)}`)).join("");
    each(clipped(this.plot, x.range(), y.range()), "path", "live-way", [line]).attr("d", String);
    each(this.plot, "path", "live-limit", [swaps]).attr("d", (t) => `M${x(t)},26V${height - 42}`);
    each(layer(this.plot, "wrong"), "path", "live-mistake", points.filter(({ value }) => value < TIE)).attr("d", ({ t }) => `M${x(t)},${strip - 6}V${strip + 6}`);
    each(this.plot, "circle", "live-spot", leads[swaps] > FLOOR ? [swaps] : []).attr("cx", x).attr("cy", (t) => y(leads[t])).attr("r", 6);
    const first = wrong === null ? [] : [wrong];
    const side = (t) => (t < leads.length / 2 ? 1 : -1);
    each(this.plot, "path", "live-first", first).attr("d", (t) => `M${x(t)},${y(0.4)}V${strip}`);
    each(this.plot, "text", "live-wrong", first).attr("x", (t) => x(t) + 5 * side(t)).attr("y", y(0.4) + 8)
      .attr("text-anchor", (t) => (side(t) > 0 ? "start" : "end")).text((t) => `first wrong answer: ${t}`);
  }
}

define("live-cups", Cups);
