// Wave by wave: which steps of a linear recurrence are joined at the same time.
import { choice, playButton, report, resetButton, slider } from "../frame/controls.js";
import { make, number } from "../frame/dom.js";
import { each, layer, legend, picture, resize } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const ROW = 19;
const TOP = 38;

/** Two steps after each other are one: h -> A h + B. */
const joined = (first, second) => ({ from: first.from, A: second.A * first.A, B: second.A * first.B + second.B });

class Waves extends Figure {
  static data = "waves/data";

  start() {
    return { way: "tree", wave: 2, kept: 0.5 };
  }

  answer({ way, wave, kept }) {
    const own = d3.range(this.given.steps).map((t) => ({ from: t, A: kept, B: 1 }));
    let [pieces, fresh, joins] = [own, [], 0];
    for (let w = 1; w <= Math.min(wave, this.given.waves[way]); w++) {
      const pairs = this.pairs(way, w);
      const made = pairs.map(({ t, before, whole }) => joined(pieces[before], (whole ? pieces : own)[t]));
      pieces = pieces.slice();
      pairs.forEach(({ t }, k) => { pieces[t] = made[k]; });
      fresh = pairs.map(({ t }) => t);
      joins += pairs.length;
    }
    const column = (key) => pieces.map((piece) => piece[key]);
    return { from: column("from"), A: column("A"), B: column("B"), fresh, joins };
  }

  /** What is joined in one wave: the piece of a step, `whole` or only the step, after the one before it. */
  pairs(way, wave) {
    const { steps, chunk } = this.given;
    const all = d3.range(steps);
    const chunks = steps / chunk;
    const next = (t) => ({ t, before: t - 1, whole: false });
    if (way === "loop") return wave > 1 ? [next(wave - 1)] : [];
    if (way === "tree") {
      const back = 2 ** (wave - 1);
      return all.slice(back).map((t) => ({ t, before: t - back, whole: true }));
    }
    if (wave <= chunk) return wave > 1 ? all.filter((t) => t % chunk === wave - 1).map(next) : []; // all chunks at once
    const end = (wave - chunk + 1) * chunk - 1;
    if (end < steps) return [{ t: end, before: end - chunk, whole: true }]; // from chunk to chunk
    return all.slice(chunk).filter((t) => t % chunk === wave - chunk - chunks).map(next); // all chunks again
  }

  build() {
    this.svg = picture("Sixteen steps, one below the other, each with a bar over the steps that it has taken in.");
    const last = () => this.given.waves[this.settings.way];
    const ways = { loop: "loop", chunks: "chunks of four", tree: "tree" };
    this.append(
      make("p", { class: "live-todo" }, "Choose a way, and play it wave by wave. All joins of one wave happen at the same time."),
      make("div", { class: "live-bar" }, choice(this, "way", { name: "Way", options: ways }).element,
        slider(this, "kept", { name: "Share kept, a", min: 0, max: 1, step: 0.05 }).element),
      make("div", { class: "live-bar" },
        slider(this, "wave", { name: "Wave", min: 0, max: last, step: 1, say: (wave) => String(Math.min(wave, last())) }).element,
        playButton(this, "Play", () => this.run()).element, resetButton(this)),
      legend({ "live-piece-bar": "steps joined so far", "live-piece-bar live-known": "the state is known", "live-piece-bar live-fresh": "joined in this wave" }),
      this.svg.node(),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  run() {
    this.settings.wave = 0;
    this.now();
    this.play(() => (this.settings.wave < this.given.waves[this.settings.way] ? this.set({ wave: this.settings.wave + 1 }) : false), 800);
  }

  say({ way, wave }, { from, fresh, joins }) {
    const { waves, steps } = this.given;
    const known = this.known(from, wave);
    const done = Math.min(wave, waves[way]);
    const now = fresh.length ? `${joinsOf(fresh.length)} at the same time, ${joins} so far` : wave ? "each run takes its first step, with nothing to join" : "nothing is done yet";
    const states = known === steps ? `All ${steps} states are known` : `${known} of ${steps} states ${known === 1 ? "is" : "are"} known`;
    return `Wave ${done} of ${waves[way]}: ${now}. ${states}.`;
  }

  /** How many states are known: pieces that begin at the first step. */
  known(from, wave) {
    return wave ? from.filter((start) => start === 0).length : 0;
  }

  draw() {
    const { steps, waves } = this.given;
    const { way, wave } = this.settings;
    const { from, A, B, fresh } = this.numbers;
    const right = this.narrow ? 96 : 132;
    const x = d3.scaleLinear([0, steps], [34, this.width - right]);
    const y = (t) => TOP + (t + 0.5) * ROW;
    resize(this.svg, this.width, TOP + 4 + ROW * steps);
    const pieces = d3.range(steps).map((t) => ({ t, from: from[t], known: wave > 0 && from[t] === 0, isFresh: fresh.includes(t) }));
    const lines = layer(this.svg, "lines");
    each(lines, "path", "live-cross", d3.range(steps + 1)).attr("d", (t) => `M${x(t)},${TOP - 2}V${TOP + ROW * steps}`);
    each(lines, "rect", "live-piece-bar", pieces).attr("x", (d) => x(d.from) + 1).attr("width", (d) => x(d.t + 1) - x(d.from) - 2)
      .attr("y", (d) => y(d.t) - ROW / 2 + 2).attr("height", ROW - 4).attr("rx", 3)
      .classed("live-known", (d) => d.known).classed("live-fresh", (d) => d.isFresh);
    const heads = [
      { text: "step", x: 0, y: 10 },
      { text: "takes in the steps", x: x(0), y: 10 },
      { text: "together", x: this.width - right + 8, y: 10 },
      ...[1, 4, 8, 12, 16].map((step) => ({ text: step, x: x(step - 0.5), y: 27, anchor: "middle" })),
      ...pieces.map(({ t }) => ({ text: t + 1, x: 24, y: y(t), anchor: "end" })),
    ];
    each(this.svg, "text", "live-axis-name", heads).attr("x", (d) => d.x).attr("y", (d) => d.y).attr("dy", "0.35em")
      .attr("text-anchor", (d) => d.anchor ?? "start").text((d) => d.text);
    each(this.svg, "text", "live-map", pieces).attr("x", this.width - right + 8).attr("y", (d) => y(d.t)).attr("dy", "0.35em")
      .text((d) => (d.known ? `h = ${number(B[d.t])}` : `${number(A[d.t])} h + ${number(B[d.t])}`));
  }
}

const joinsOf = (count) => `${count} join${count === 1 ? "" : "s"}`;

define("live-waves", Waves);
