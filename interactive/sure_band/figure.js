// A band for the temperature: slide the day through the test year, and the share inside settles.
import { choice, playButton, report, resetButton, slider } from "../frame/controls.js";
import { unpack } from "../frame/data.js";
import { make, number } from "../frame/dom.js";
import { axes, each, layer, legend, picture, resize, through } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const MODELS = { gru: "GRU", errors: "past errors", season: "season alone" };
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/** A day of 2014 in words. */
function date(day) {
  const when = new Date(Date.UTC(2014, 0, 1 + day));
  return `${when.getUTCDate()} ${MONTHS[when.getUTCMonth()]}`;
}

class SureBand extends Figure {
  static data = ["sure_band/data", "sure_band/bands"];

  start({ bands, outcomes }) {
    this.bands = Object.fromEntries(Object.entries(bands).map(([name, one]) => [name, unpack(one)]));
    this.outcomes = unpack(outcomes);
    return { day: 160, ahead: "6", model: "gru" };
  }

  answer({ day, ahead, model }) {
    const { span, aDay } = this.given;
    const k = this.given.ahead.indexOf(Number(ahead));
    const [band, end] = [this.bands[model], (day + span) * aDay];
    const [shares, shown] = [[], d3.range(day * aDay, end)];
    let inside = 0;
    for (let t = 0; t < end; t++) {
      const came = this.outcomes[t][k];
      inside += Number(band[t][2 * k] <= came && came <= band[t][2 * k + 1]);
      if ((t + 1) % aDay === 0) shares.push(inside / (t + 1));
    }
    return {
      low: shown.map((t) => band[t][2 * k] / 100),
      high: shown.map((t) => band[t][2 * k + 1] / 100),
      came: shown.map((t) => this.outcomes[t][k] / 100),
      shares,
    };
  }

  build() {
    const { days, span, ahead } = this.given;
    this.plot = picture("Five days of the year: the band that was forecast, and the temperature that came.");
    this.year = picture("The share of all days so far on which the temperature was inside the band.").classed("live-drag", true);
    this.year.call(d3.drag().container(this.year.node()).on("start drag", ({ x }) =>
      this.set({ day: Math.max(0, Math.min(days - span, Math.round(this.days.invert(x)) - span)) })));
    this.append(
      make("p", { class: "live-todo" }, "Slide through the year, and see whether nine of ten hours lie inside the band."),
      make("div", { class: "live-bar" },
        choice(this, "model", { name: "Band of", options: MODELS }).element,
        choice(this, "ahead", { name: "Hours ahead", options: Object.fromEntries(ahead.map((hours) => [hours, String(hours)])) }).element),
      make("div", { class: "live-bar" },
        slider(this, "day", { name: "From", about: "First day shown", min: 0, max: days - span, step: 1, say: date }).element,
        playButton(this, "Play", () => this.run()).element, resetButton(this)),
      legend({ "live-sure-key": "band for nine of ten", "live-measured": "what came" }),
      this.plot.node(),
      this.year.node(),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  /** The whole year in about fifteen seconds. */
  run() {
    const last = this.given.days - this.given.span;
    const leap = this.calm ? 30 : 2;
    this.settings.day = 0;
    this.now();
    this.play(() => (this.settings.day < last ? this.set({ day: Math.min(last, this.settings.day + leap) }) : false), this.calm ? 1000 : 80);
  }

  say({ day, ahead }, { low, high, came, shares }) {
    const { span } = this.given;
    const held = came.filter((value, k) => low[k] <= value && value <= high[k]).length;
    const width = d3.mean(high, (end, k) => end - low[k]);
    return `${date(day)} to ${date(day + span - 1)}, ${ahead} hour${ahead === "1" ? "" : "s"} ahead: the band is ${number(width, 1)} degrees wide on average, and ${held} of ${came.length} hours lie inside. Since the year began it is ${number(100 * shares.at(-1), 1)} %.`;
  }

  draw() {
    this.drawPlot(this.width, 240);
    this.drawYear(this.width, 170);
  }

  drawPlot(width, height) {
    const { low, high, came } = this.numbers;
    const { day } = this.settings;
    const { span, aDay } = this.given;
    const x = d3.scaleLinear([day, day + span], [44, width - 12]);
    const y = d3.scaleLinear(d3.extent([...low, ...high, ...came]), [height - 42, 26]).nice(4);
    const at = (k) => x(day + (k + 0.5) / aDay);
    resize(this.plot, width, height);
    axes(this.plot, { x, y, xTicks: d3.range(day + 1, day + span), yTicks: 4, xName: "day of 2014", yName: "temperature (°C)", xFormat: (value) => (this.narrow ? date(value).replace(/ (...).*/, " $1") : date(value)) });
    const edge = [...high.map((value, k) => [at(k), y(value)]), ...low.map((value, k) => [at(k), y(value)]).reverse()];
    each(layer(this.plot, "band"), "path", "live-sure", [edge]).attr("d", (points) => `${through(points)}Z`).attr("data-model", this.settings.model);
    each(this.plot, "circle", "live-came", came).attr("cx", (_, k) => at(k)).attr("cy", y).attr("r", 3)
      .classed("live-outside", (value, k) => value < low[k] || value > high[k]);
  }

  drawYear(width, height) {
    const { shares } = this.numbers;
    const { days, level } = this.given;
    const x = d3.scaleLinear([0, days], [44, width - 12]);
    const y = d3.scaleLinear([0.7, 1], [height - 42, 26]);
    this.days = x;
    resize(this.year, width, height);
    axes(this.year, { x, y, xTicks: 6, yTicks: [0.7, 0.8, 0.9, 1], xName: "days since the year began", yName: "share inside so far" });
    each(this.year, "path", "live-limit", [level]).attr("d", (share) => `M${x(0)},${y(share)}H${x(days)}`);
    const points = shares.map((share, k) => [x(k + 1), y(Math.max(0.7, share))]);
    each(this.year, "path", "live-way", [points]).attr("d", through);
    each(this.year, "circle", "live-spot", [points.at(-1)]).attr("cx", ([a]) => a).attr("cy", ([, b]) => b).attr("r", 5);
  }
}

define("live-sure-band", SureBand);
