// Two mirrors: what a round of two writes does to the letter F, and the eigenvalues of a round.
import { product } from "../arithmetic/vectors.js";
import { report, resetButton, slider } from "../frame/controls.js";
import { make, number } from "../frame/dom.js";
import { each, layer, picture, resize, through } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const REACH = 1.45; // of the plane that is drawn
const MIRROR = 1.2; // half its length
const REAL = 1e-6; // an imaginary part below it is rounding

/** A write of the delta rule with the value zero: S - b kᵀ (k S). */
function write(S, k, b) {
  const held = product(k, S);
  return S.map((row, i) => row.map((s, j) => s - b * k[i] * held[j]));
}

const radians = (degrees) => (degrees * Math.PI) / 180;
const keys = (angle) => [[1, 0], [Math.cos(radians(angle)), Math.sin(radians(angle))]];

/** The two eigenvalues [real, imaginary] of a round. */
function eigenvalues(angle, b) {
  const [[p, q], [r, s]] = keys(angle).reduce((A, k) => write(A, k, b), [[1, 0], [0, 1]]);
  const middle = (p + s) / 2;
  const square = ((p - s) / 2) ** 2 + q * r;
  const root = Math.sqrt(Math.abs(square));
  return [-root, root].map((part) => (square < 0 ? [middle, part] : [middle + part, 0]));
}

class Mirrors extends Figure {
  static data = "mirrors/data";

  start() {
    return { angle: 60, b: 2, rounds: 2 };
  }

  answer({ angle, b, rounds }) {
    const memories = [this.given.corners];
    for (let n = 0; n < rounds; n++) {
      for (const k of keys(angle)) memories.push(write(memories.at(-1), k, b));
    }
    return { memories, eigenvalues: eigenvalues(angle, b) };
  }

  build() {
    this.plane = picture("The plane with two mirrors, the letter F as it began, and after every reflection.").classed("live-drag", true);
    this.plane.call(d3.drag().container(this.plane.node()).on("start drag", (event) => this.drag(event)));
    this.circle = picture("The two eigenvalues of a round beside the unit circle, and their way from strength 0 to strength 2.");
    this.name = make("p", { class: "live-title" });
    this.append(
      make("p", { class: "live-todo" }, "Add rounds: each one reflects the F in the first mirror and then in the second. Then turn the second mirror, and make both weaker."),
      make("div", { class: "live-bar" },
        slider(this, "rounds", { name: "Rounds", min: 0, max: this.given.most, step: 1, say: String }).element,
        slider(this, "angle", { name: "Angle", about: "Angle between the mirrors, in degrees", min: 0, max: 90, step: 1, say: degrees }).element,
        slider(this, "b", { name: "Strength b", min: 0, max: 2, step: 0.01 }).element,
        resetButton(this)),
      make("div", { class: "live-panels live-mirrors" },
        make("div", {}, make("p", { class: "live-title" }, "columns of the memory: first entry across, second up"), this.plane.node()),
        make("div", {}, this.name, this.circle.node(), report(this, (settings, numbers) => this.say(settings, numbers)).element)),
    );
  }

  drag({ x, y }) {
    const angle = (Math.atan2(-this.x.invert(x), this.y.invert(y)) * 180) / Math.PI;
    this.set({ angle: Math.round(Math.max(0, Math.min(90, angle))) });
  }

  say({ angle, b, rounds }, { eigenvalues: [, [real, imaginary]] }) {
    const after = `After ${rounds} round${rounds === 1 ? "" : "s"}`;
    if (b === 0) return "Writes of strength 0 change nothing.";
    if (b === 2) {
      const turned = (2 * angle * rounds) % 360;
      const place = turned ? `has turned by ${degrees(turned)}` : "is where it began";
      const round = angle ? `Each round is a turn by ${degrees(2 * angle)}, twice the angle between the mirrors.` : "Both mirrors are one, and each round undoes itself.";
      return `${round} ${after} the F ${place}.`;
    }
    const turns = Math.abs(imaginary) > REAL || real < 0;
    const way = turns ? "A round turns, and draws everything to the centre." : `A round does not turn at all${angle ? `: at this angle that takes b above ${number(2 / (1 + Math.sin(radians(angle))))}` : ""}.`;
    const area = 100 * (1 - b) ** (2 * rounds);
    const share = b === 1 ? "flat: both reflections are projections" : `${area > 1 ? number(area, 0) : "less than 1"} % of its area`;
    return `${way}${rounds ? ` ${after} the F ${b === 1 ? "is" : "has"} ${share}.` : ""}`;
  }

  draw() {
    const side = this.narrow ? Math.min(this.width, 380) : 400;
    this.drawPlane(side);
    this.drawCircle(this.narrow ? Math.min(this.width, 240) : Math.min(300, this.width - side - 24));
  }

  drawPlane(side) {
    const { memories } = this.numbers;
    const { angle } = this.settings;
    const x = d3.scaleLinear([-REACH, REACH], [0, side]);
    const y = d3.scaleLinear([-REACH, REACH], [side, 0]);
    Object.assign(this, { x, y });
    resize(this.plane, side, side);
    const ground = layer(this.plane, "ground");
    const ends = keys(angle).map(([p, q]) => [-q, p].map((part) => MIRROR * part)); // a mirror is perpendicular to its key
    each(ground, "path", "live-mirror", ends).attr("d", ([p, q]) => through([[x(-p), y(-q)], [x(p), y(q)]]));
    const arc = d3.range(0, 1.01, 0.05).map((part) => radians(part * angle)).map((a) => [x(-0.3 * Math.sin(a)), y(0.3 * Math.cos(a))]);
    each(ground, "path", "live-angle", [arc]).attr("d", through);
    const letters = memories.map((S, t) => ({ points: S[0].map((p, j) => [x(p), y(S[1][j])]), t, last: t === memories.length - 1 }));
    each(ground, "path", "live-letter", letters).attr("d", (d) => `${through(d.points)}Z`)
      .classed("live-mirrored", (d) => d.t % 2 === 1).classed("live-last", (d) => d.last && d.t > 0).classed("live-begun", (d) => d.t === 0);
    const half = radians(angle / 2);
    const names = [
      { text: "first mirror", at: [0, -1.3] },
      { text: "second", at: [ends[1][0], ends[1][1] + 0.12] },
      { text: angle < 30 ? "" : degrees(angle), at: [-0.43 * Math.sin(half), 0.43 * Math.cos(half)] },
    ];
    each(this.plane, "text", "live-axis-name", names).attr("x", (d) => x(d.at[0])).attr("y", (d) => y(d.at[1])).attr("dy", "0.35em")
      .attr("text-anchor", "middle").text((d) => d.text);
    each(this.plane, "circle", "live-handle", [ends[1]]).attr("cx", ([p]) => x(p)).attr("cy", ([, q]) => y(q)).attr("r", 8);
  }

  drawCircle(side) {
    const { angle } = this.settings;
    const found = this.numbers.eigenvalues;
    const [[p], [q, imaginary]] = found;
    const turn = (Math.atan2(imaginary, q) * 180) / Math.PI;
    this.name.textContent = `eigenvalues of a round: ${imaginary > REAL ? `size ${number(Math.hypot(q, imaginary))}, angle ±${number(turn, 1)}°` : `${number(p)} and ${number(q)}`}`;
    const x = d3.scaleLinear([-1.2, 1.2], [0, side]);
    const y = d3.scaleLinear([-1.2, 1.2], [side, 0]);
    resize(this.circle, side, side + 12);
    each(this.circle, "circle", "live-unit", [0]).attr("cx", x(0)).attr("cy", y(0)).attr("r", x(1) - x(0));
    each(this.circle, "path", "live-cross", [0]).attr("d", `M${x(-1.15)},${y(0)}H${x(1.15)}M${x(0)},${y(-1.1)}V${y(1.1)}`);
    const ways = d3.transpose(d3.range(0, 2.001, 0.01).map((b) => eigenvalues(angle, Math.min(b, 2))));
    each(this.circle, "path", "live-route", ways).attr("d", (way) => through(way.map(([a, b]) => [x(a), y(b)])));
    each(this.circle, "path", "live-spoke", found).attr("d", ([a, b]) => through([[x(0), y(0)], [x(a), y(b)]]));
    each(this.circle, "circle", "live-spot", found).attr("cx", ([a]) => x(a)).attr("cy", ([, b]) => y(b)).attr("r", 6);
    each(this.circle, "text", "live-quiet", ["1", "i"]).attr("x", (_, k) => (k ? x(0) : x(1)) + 5).attr("y", (_, k) => (k ? y(1) : y(0)) - 5).text(String);
    each(this.circle, "text", "live-axis-name", ["dotted: b from 0 to 2"]).attr("x", x(0)).attr("y", side + 6).attr("text-anchor", "middle").text(String);
  }
}

const degrees = (value) => `${number(value, 0)}°`;

define("live-mirrors", Mirrors);
