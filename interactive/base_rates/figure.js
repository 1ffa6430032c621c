// Base rates: a thousand people, a few of them sought, and what becomes of those who are picked.
import { report, resetButton, slider } from "../frame/controls.js";
import { make, number } from "../frame/dom.js";
import { legend, picture, resize } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const KINDS = { "live-found": "sought and picked", "live-missed": "sought and missed", "live-mistaken": "picked by mistake", "live-left": "not picked" };

class BaseRates extends Figure {
  static data = "base_rates/data";

  start() {
    return { sought: 1, found: 80, mistaken: 10 };
  }

  answer({ sought, found, mistaken }) {
    const [q, R, F] = [sought / 100, found / 100, mistaken / 100];
    const { people } = this.given;
    const table = [[q * R, q * (1 - R)], [(1 - q) * F, (1 - q) * (1 - F)]].map((row) => row.map((share) => people * share));
    const picked = table[0][0] + table[1][0];
    return { table, right: picked > 0 ? table[0][0] / picked : null };
  }

  build() {
    this.dots = picture("A thousand people as dots, by whether they are sought and whether they are picked.");
    this.strip = picture("Those who are picked, as one bar: right and wrong.");
    this.append(
      make("p", { class: "live-todo" }, "Make those sought more frequent, or mistakes rarer, until most of the picked are right."),
      make("div", { class: "live-bar" },
        slider(this, "sought", { name: "Sought", about: "Share of people who are sought", min: 0.1, max: 50, step: 0.1, say: percent(1) }).element,
        slider(this, "found", { name: "Picked of these", about: "Share of the sought who are picked", min: 0, max: 100, step: 1, say: percent(0) }).element,
        slider(this, "mistaken", { name: "Picked of the others", about: "Share of the others who are picked", min: 0, max: 50, step: 0.5, say: percent(1) }).element,
        resetButton(this)),
      legend(KINDS),
      this.dots.node(),
      make("p", { class: "live-title" }, "of the picked"),
      this.strip.node(),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  say(_, { table, right }) {
    const { people } = this.given;
    const [[found, missed], [mistaken]] = table;
    const few = (value) => Number(value.toFixed(value < 10 ? 1 : 0));
    const end = right === null ? "Nobody is picked." : `Of the picked, ${percent(right < 0.1 ? 1 : 0)(100 * right)} are right.`;
    return `Sought: ${few(found + missed)} of ${d3.format(",")(people)} people. Picked: ${few(found)} of them, and ${few(mistaken)} of the others. ${end}`;
  }

  draw() {
    const { people } = this.given;
    const columns = this.narrow ? 40 : 50;
    const size = (this.width - 2) / columns;
    resize(this.dots, this.width, size * Math.ceil(people / columns) + 2);
    const kinds = this.kinds();
    this.dots.selectAll("circle").data(kinds).join("circle").attr("class", (kind) => `live-person ${kind}`)
      .attr("cx", (_, k) => 1 + ((k % columns) + 0.5) * size).attr("cy", (_, k) => 1 + (Math.floor(k / columns) + 0.5) * size).attr("r", size * 0.36);
    this.drawStrip();
  }

  /** The kind of each person: whole people, whose numbers add up. */
  kinds() {
    const { people } = this.given;
    const ends = Array.from(d3.cumsum(this.numbers.table.flat()), Math.round);
    return d3.range(people).map((k) => Object.keys(KINDS)[ends.findIndex((end) => k < end)] ?? "live-left");
  }

  drawStrip() {
    const { right } = this.numbers;
    const x = d3.scaleLinear([0, 1], [0, this.width]);
    resize(this.strip, this.width, 30);
    const parts = right === null ? [] : [["live-found", 0, right], ["live-mistaken", right, 1]];
    this.strip.selectAll("rect").data(parts).join("rect").attr("class", ([kind]) => `live-part ${kind}`).attr("x", ([, from]) => x(from))
      .attr("width", ([, from, to]) => x(to) - x(from)).attr("y", 2).attr("height", 24);
  }
}

const percent = (digits) => (value) => `${number(value, digits)}\u00a0%`;

define("live-base-rates", BaseRates);
