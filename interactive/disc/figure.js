// A number in the disc: each one multiplies the state by it. How far apart do the answers stay?
import { choice, field, report, resetButton, slider } from "../frame/controls.js";
import { make, number, power } from "../frame/dom.js";
import { axes, clipped, each, layer, legend, picture, resize, through } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const LEAST = 1e-4; // the smallest margin that is drawn
const TINY = 1e-20; // for its logarithm
const CLOSE = 0.01; // from here on a readout has to look very closely

class Disc extends Figure {
  static data = "disc/data";

  start({ strings }) {
    return { radius: 0.9, angle: 180, text: strings["Only ones"], modulus: "2" };
  }

  answer({ radius, angle, text, modulus }) {
    const [real, imaginary] = [radius * Math.cos((angle * Math.PI) / 180), radius * Math.sin((angle * Math.PI) / 180)];
    const states = [[1, 0]];
    const answers = [0];
    const margins = [2];
    for (const symbol of text) {
      const [x, y] = states.at(-1);
      states.push(symbol === "1" ? [real * x - imaginary * y, real * y + imaginary * x] : [x, y]);
      answers.push((answers.at(-1) + Number(symbol)) % Number(modulus));
      const apart = states.map((other, t) => (answers[t] === answers.at(-1) ? 2 : distance(other, states.at(-1))));
      margins.push(Math.min(margins.at(-1), ...apart));
    }
    return { states, margins, answers };
  }

  build() {
    const { most, strings, numbers } = this.given;
    this.disc = picture("The disc of complex numbers: the chosen one, and the states, one colour for each answer.").classed("live-drag", true);
    this.disc.call(d3.drag().container(this.disc.node()).on("start drag", (event) => this.drag(event)));
    this.plot = picture("The smallest distance of two states with different answers, by symbols read, on a logarithmic axis.");
    this.key = legend({ "live-told-0": "remainder 0", "live-told-1": "1", "live-told-2": "2" });
    this.key.classList.add("live-disc-key");
    const presets = Object.entries(numbers).map(([name, [radius, angle]]) => make("button", { type: "button", onclick: () => this.set({ radius, angle }) }, name));
    const texts = Object.entries(strings).map(([name, text]) => make("button", { type: "button", onclick: () => this.set({ text }) }, name));
    this.append(
      make("p", { class: "live-todo" }, "Each 1 multiplies the state by a, each 0 leaves it. Pull a over the disc, and type zeros and ones."),
      make("div", { class: "live-bar" },
        slider(this, "radius", { name: "Size", about: "Size of the number", min: 0, max: 1, step: 0.01 }).element,
        slider(this, "angle", { name: "Angle", about: "Angle of the number, in degrees", min: 0, max: 359, step: 1, say: (value) => `${number(value, 0)}°` }).element,
        choice(this, "modulus", { name: "Ones modulo", options: { 2: "2", 3: "3" } }).element),
      make("div", { class: "live-bar" }, ...presets, resetButton(this)),
      make("div", { class: "live-bar live-typing" },
        field(this, "text", { name: "String", most, inputmode: "numeric", clean: (text) => text.replace(/[^01]/g, "") }).element, ...texts),
      make("div", { class: "live-panels" }, make("div", {}, this.key, this.disc.node()), this.plot.node()),
      report(this, (settings, numbers_) => this.say(settings, numbers_)).element,
    );
  }

  drag({ x, y }) {
    const [real, imaginary] = [this.x.invert(x), this.y.invert(y)];
    const angle = (Math.round((Math.atan2(imaginary, real) * 180) / Math.PI) + 360) % 360;
    this.set({ radius: Math.round(100 * Math.min(1, Math.hypot(real, imaginary))) / 100, angle });
  }

  say({ text, modulus }, { margins }) {
    if (!text.includes("1")) return "No 1 has been read yet, so all states have the same remainder.";
    const margin = margins.at(-1);
    const size = margin < 1e-9 ? "meet in one point" : `are ${margin < CLOSE ? "only " : ""}${power(margin)} apart`;
    return `After ${text.length} symbol${text.length > 1 ? "s" : ""} the nearest two states with different remainders modulo ${modulus} ${size}.`;
  }

  draw() {
    const side = this.narrow ? Math.min(this.width, 280) : 280;
    this.key.lastChild.hidden = this.settings.modulus === "2";
    this.drawDisc(side);
    this.drawPlot(this.narrow ? this.width : this.width - side - 8, this.narrow ? 200 : 250);
  }

  drawDisc(side) {
    const { states, answers } = this.numbers;
    const { radius, angle } = this.settings;
    const x = d3.scaleLinear([-1.15, 1.15], [0, side]);
    const y = d3.scaleLinear([-1.15, 1.15], [side, 0]);
    Object.assign(this, { x, y });
    resize(this.disc, side, side);
    const ground = layer(this.disc, "ground");
    each(ground, "circle", "live-disc", [1]).attr("cx", x(0)).attr("cy", y(0)).attr("r", x(1) - x(0));
    each(ground, "path", "live-cross", [0]).attr("d", `M${x(-1.1)},${y(0)}H${x(1.1)}M${x(0)},${y(-1.1)}V${y(1.1)}`);
    const points = states.map(([a, b], t) => ({ at: [x(a), y(b)], answer: answers[t], last: t === states.length - 1 }));
    each(ground, "text", "live-quiet", ["1", "i"]).attr("x", (_, k) => (k ? x(0) + 5 : x(1) + 5)).attr("y", (_, k) => (k ? y(1) : y(0)) - 5).text(String);
    each(ground, "path", "live-orbit", [points.map((point) => point.at)]).attr("d", through);
    each(ground, "circle", "live-answer", points).attr("data-answer", (d) => d.answer).attr("cx", (d) => d.at[0]).attr("cy", (d) => d.at[1]).attr("r", (d) => (d.last ? 6 : 4));
    const handle = [radius * Math.cos((angle * Math.PI) / 180), radius * Math.sin((angle * Math.PI) / 180)];
    each(this.disc, "circle", "live-handle", [handle]).attr("cx", ([a]) => x(a)).attr("cy", ([, b]) => y(b)).attr("r", 8);
    each(this.disc, "text", "live-axis-name", [handle]).attr("x", ([a]) => x(a) + (a > 0.8 ? -20 : 12)).attr("y", ([, b]) => y(b) - 8).text("a");
  }

  drawPlot(width, height) {
    const { margins } = this.numbers;
    const x = d3.scaleLinear([0, this.given.most], [48, width - 12]);
    const y = d3.scaleLog([LEAST, 3], [height - 42, 26]);
    resize(this.plot, width, height);
    axes(this.plot, { x, y, xTicks: 5, yTicks: [1e-4, 1e-3, 1e-2, 0.1, 1], xName: "symbols read", yName: "margin: nearest two colours", yFormat: (value) => power(value, 0) });
    const first = this.settings.text.indexOf("1"); // before it, there is one remainder only
    const points = margins.map((margin, t) => [x(t), y(Math.max(TINY, margin))]).slice(first < 0 ? margins.length : first + 1);
    const inside = clipped(this.plot, [x(0), width], [y(LEAST), 0]);
    each(inside, "path", "live-way", [points]).attr("d", through);
    each(inside, "circle", "live-margin-dot", points).attr("cx", ([a]) => a).attr("cy", ([, b]) => b).attr("r", 2.6);
  }
}

const distance = ([a, b], [c, d]) => Math.hypot(a - c, b - d);

define("live-disc", Disc);
