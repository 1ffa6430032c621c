// Newton's iterations over all states of a small tanh network: how far is each state from the truth?
import { add, length, productT, scaled, times, zeros } from "../arithmetic/vectors.js";
import { choice, playButton, report, resetButton, slider } from "../frame/controls.js";
import { make, number } from "../frame/dom.js";
import { axes, each, layer, legend, picture, resize, through } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const SHADES = 10; // of an error: one for each power of ten
const RIGHT = 0.001; // a state this near to the truth counts as right in the report
const LEFT = 48;

class AllAtOnce extends Figure {
  static data = "all_at_once/data";

  start() {
    return { network: "eight", gain: 1.8, guess: "0", iteration: 8 };
  }

  answer({ network, gain, guess, iteration }) {
    const { W: base, x } = this.given.networks[network];
    const W = base[0].map((_, j) => base.map((row) => gain * row[j])); // its columns: so a product takes less time
    let h = zeros(W.length);
    const truth = x.map((x_t) => (h = step(productT(h, W), x_t)));
    const guesses = [x.map((row) => row.map(() => Number(guess)))];
    const off = [];
    for (let k = 0; k <= this.given.iterations; k++) {
      const { hs, largest } = better(W, x, guesses[k]);
      guesses.push(hs);
      off.push(largest);
    }
    const errors = guesses.slice(0, -1).map((hs) => hs.map((h, t) => distance(h, truth[t])));
    const needed = off.findIndex((largest) => largest <= this.given.tolerance);
    return { truth, guess: guesses[iteration], errors, needed, exponent: exponent(W, truth) };
  }

  build() {
    this.states = picture("The state of a unit at forty steps: the truth, and the present guess.");
    this.map = picture("How far the state of each step is from the truth after each iteration, the darker the farther.").classed("live-pick", true);
    this.map.on("pointerdown", (event) => {
      const k = Math.floor(this.y.invert(d3.pointer(event, this.map.node())[1]));
      if (k >= 0 && k <= this.given.iterations) this.set({ iteration: k });
    });
    this.append(
      make("p", { class: "live-todo" }, "Turn the gain down, and watch the coloured part of the map. Then try one unit, from each first guess."),
      make("div", { class: "live-bar" },
        choice(this, "network", { name: "Network", options: { eight: "eight units", one: "one unit" } }).element,
        choice(this, "guess", { name: "First guess", options: { "-1": "−1", 0: "0", 1: "1" } }).element,
        slider(this, "gain", { name: "Gain", min: 0.2, max: 2, step: 0.05 }).element),
      make("div", { class: "live-bar" },
        slider(this, "iteration", { name: "Iteration", min: 0, max: this.given.iterations, step: 1, say: String }).element,
        playButton(this, "Play", () => this.run()).element, resetButton(this)),
      legend({ "live-true": "truth", "live-guessed": "guess after this iteration" }),
      this.states.node(), this.map.node(),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  run() {
    this.settings.iteration = 0;
    this.now();
    this.play(() => (this.settings.iteration < this.numbers.needed ? this.set({ iteration: this.settings.iteration + 1 }) : false), 400);
  }

  say({ iteration }, { errors, needed, exponent }) {
    const count = errors[iteration].filter((error) => error < RIGHT).length;
    const when = iteration ? `After ${iteration} iteration${iteration > 1 ? "s" : ""}` : "In the first guess";
    const change = Math.abs(exponent) < 0.005 ? "neither grows nor shrinks" : exponent > 0 ? "grows" : "shrinks";
    return `${when} ${count} of ${errors[0].length} states are right to ${RIGHT}. After ${needed} no state is off by more than 10⁻¹⁰. Along the truth a small difference ${change}: the exponent is ${number(exponent)}.`;
  }

  draw() {
    this.drawStates(this.width, 158);
    this.drawMap(this.width, this.narrow ? 270 : 300);
  }

  drawStates(width, height) {
    const { truth, guess } = this.numbers;
    const x = d3.scaleLinear([0.5, truth.length + 0.5], [LEFT, width - 12]);
    const y = d3.scaleLinear([-1.05, 1.05], [height - 14, 26]);
    resize(this.states, width, height);
    axes(this.states, { x, y, xTicks: [1, 10, 20, 30, 40], yTicks: [-1, 0, 1], xName: "", xFormat: () => "", yName: this.settings.network === "one" ? "state" : "state of the first unit" });
    const line = (hs) => through(hs.map((h, t) => [x(t + 1), y(h[0])]));
    each(this.states, "path", "live-true", [truth]).attr("d", line);
    each(this.states, "path", "live-guessed", [guess]).attr("d", line);
  }

  drawMap(width, height) {
    const { errors } = this.numbers;
    const steps = errors[0].length;
    const x = d3.scaleLinear([0.5, steps + 0.5], [LEFT, width - 12]);
    const y = d3.scaleLinear([0, errors.length], [height - 42, 26]);
    this.y = y;
    resize(this.map, width, height);
    const middle = y.copy().domain([-0.5, errors.length - 0.5]);
    axes(this.map, { x, y: middle, xTicks: [1, 10, 20, 30, 40], yTicks: [0, 10, 20, 30], xName: "step", yName: "iteration" });
    const cells = Array.from({ length: SHADES + 1 }, () => "");
    const across = d3.range(steps + 1).map((t) => x(t + 0.5).toFixed(1)); // to the right of t steps
    const up = d3.range(errors.length + 1).map((k) => y(k).toFixed(1));
    errors.forEach((row, k) => row.forEach((error, t) => {
      cells[shade(error)] += `M${across[t]},${up[k]}H${across[t + 1]}V${up[k + 1]}H${across[t]}Z`;
    }));
    each(layer(this.map, "cells"), "path", "live-error", cells).attr("d", String).attr("fill-opacity", (_, k) => k / SHADES);
    each(this.map, "path", "live-limit", [errors.length - 1]).attr("d", (k) => `M${x(0.5)},${y(0)}L${x(k + 0.5)},${y(k)}`);
    each(this.map, "text", "live-quiet", ["the pace of a loop"]).attr("x", x(25)).attr("y", y(27)).attr("text-anchor", "end").text(String);
    this.drawKey(width - 12);
    each(this.map, "rect", "live-now", [this.settings.iteration]).attr("x", across[0]).attr("width", across[steps] - across[0]).attr("y", (k) => y(k + 1)).attr("height", y(0) - y(1));
  }

  /** Which shade is which error, above the map at the right. */
  drawKey(right) {
    const [size, end] = [this.narrow ? 6 : 9, right - 12];
    const first = end - SHADES * size;
    each(layer(this.map, "key"), "rect", "live-error", d3.range(1, SHADES + 1)).attr("x", (k) => first + (k - 1) * size).attr("y", 7)
      .attr("width", size).attr("height", size).attr("fill-opacity", (k) => k / SHADES);
    const texts = [{ text: "error 10⁻¹⁰", x: first - 5, anchor: "end" }, { text: "1", x: end + 5, anchor: "start" }];
    each(layer(this.map, "key"), "text", "live-axis-name", texts).attr("x", (d) => d.x).attr("y", 16).attr("text-anchor", (d) => d.anchor).text((d) => d.text);
  }
}

const step = (a, x_t) => add(a, x_t).map(Math.tanh);

/** One iteration, as in rnnbook/numpy/newton.py, and how far the guess was off. */
function better(W, x, guess) {
  let [h, largest] = [zeros(W.length), 0];
  const hs = guess.map((own, t) => {
    const before = t ? guess[t - 1] : h;
    const a = productT(before, W);
    const f = step(a, x[t]);
    const slope = f.map((value) => 1 - value * value); // J = W diag(slope)
    const b = add(f, scaled(times(a, slope), -1));
    h = add(times(productT(h, W), slope), b);
    largest = Math.max(largest, distance(f, own));
    return h;
  });
  return { hs: hs.map((row) => row.map((value) => Math.max(-1, Math.min(1, value)))), largest };
}

/** The mean growth of a small difference along the states, per step. */
function exponent(W, hs) {
  let [v, sum] = [W.map(() => 1 / Math.sqrt(W.length)), 0];
  for (const h of hs) {
    v = times(productT(v, W), h.map((value) => 1 - value * value));
    const growth = length(v);
    sum += Math.log(growth);
    v = scaled(v, 1 / growth);
  }
  return sum / hs.length;
}

const distance = (a, b) => Math.max(...a.map((value, i) => Math.abs(value - b[i])));
const shade = (error) => Math.max(0, Math.min(SHADES, Math.ceil(SHADES + Math.log10(Math.max(error, 1e-16)))));

define("live-all-at-once", AllAtOnce);
