// A band for the temperature: slide the day through the test year, and the share inside settles.
import { choice, playButton, report, resetButton, slider } from "../frame/controls.js";
import { unpack } from "../frame/data.js";
import { make, number } from "../frame/dom.js";
import { axes, clipped, each, layer, legend, picture, resize, through } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const LEAST = 0.4; // the least share that is drawn
const MODELS = { gru: "GRU", errors: "past errors", season: "climatology" };
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/** A day of 2014 in words, its month in so many letters. */
function date(day, letters = 9) {
  const when = new Date(Date.UTC(2014, 0, 1 + day));
  return `${when.getUTCDate()} ${MONTHS[when.getUTCMonth()].slice(0, letters)}`;
}

class SureBand extends Figure {
  static data = ["sure_band/data", "sure_band/bands"];

  start({ bands, outcomes }) {
    this.bands = Object.fromEntries(Object.entries(bands).map(([name, one]) => [name, unpack(one)]));
    this.outcomes = unpack(outcomes);
    return { day: 160, ahead: "6", model: "gru" };
  }

  answer({ day, ahead, model }) {
    const { span, stride } = this.given;
    const k = this.given.ahead.indexOf(Number(ahead));
    const before = (date) => Math.max(0, Math.ceil((24 * date + 1 - ahead) / stride)); // forecasts of hours before it
    const rows = d3.range(before(day + span)).map((t) => {
      const [low, high] = this.bands[model][t].slice(2 * k);
      const came = this.outcomes[t][k];
      return { hour: stride * t + Number(ahead) - 1, low: low / 100, high: high / 100, came: came / 100, held: low <= came && came <= high };
    });
    const held = d3.cumsum(rows, (row) => row.held);
    return {
      shown: rows.slice(before(day)),
      shares: d3.range(1, day + span + 1).map((date) => held[before(date) - 1] / before(date)),
      width: d3.mean(rows, ({ low, high }) => high - low),
    };
  }

  build() {
    const { days, span, ahead } = this.given;
    this.plot = picture("Five days of the year: the band that was forecast, and the temperature that came.");
    this.year = picture("The share of the hours since 1 January that lay inside the band.").classed("live-drag", true);
    this.year.call(d3.drag().container(this.year.node()).on("start drag", ({ x }) =>
      this.set({ day: Math.max(0, Math.min(days - span, Math.round(this.days.invert(x)) - span)) })));
    this.append(
      make("p", { class: "live-todo" }, "Choose a band, and slide through the year: do nine of ten hours lie inside?"),
      make("div", { class: "live-bar" },
        choice(this, "model", { name: "Band of", options: MODELS }).element,
        choice(this, "ahead", { name: "Hours ahead", options: Object.fromEntries(ahead.map((hours) => [hours, String(hours)])) }).element),
      make("div", { class: "live-bar" },
        slider(this, "day", { name: "From", about: "First day shown", min: 0, max: days - span, step: 1, say: (day) => date(day, 3) }).element,
        playButton(this, "Play", () => this.run()).element, resetButton(this)),
      legend({ "live-sure-key": "band for nine of ten hours", "live-measured": "measured, every third hour", "live-outside": "measured, outside", "live-limit": "the promise" }),
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

  say({ day, ahead }, { shown, shares, width }) {
    const held = d3.sum(shown, (row) => row.held);
    const here = d3.mean(shown, ({ low, high }) => high - low);
    return `${date(day)} to ${date(day + this.given.span - 1)}, ${ahead} hour${ahead === "1" ? "" : "s"} ahead: ${held} of ${shown.length} hours lie inside a band that is ${number(here, 1)} °C wide on average. Since 1 January: ${number(100 * shares.at(-1), 1)} % inside, ${number(width, 1)} °C wide.`;
  }

  draw() {
    this.dataset.model = this.settings.model;
    this.drawPlot(this.width, 240);
    this.drawYear(this.width, 190);
  }

  drawPlot(width, height) {
    const { shown } = this.numbers;
    const { day } = this.settings;
    const { span } = this.given;
    const x = d3.scaleLinear([day, day + span], [44, width - 12]);
    const y = d3.scaleLinear(d3.extent(shown.flatMap(({ low, high, came }) => [low, high, came])), [height - 42, 26]).nice(4);
    const at = ({ hour }) => x(hour / 24);
    resize(this.plot, width, height);
    axes(this.plot, { x, y, xTicks: d3.range(day + 1, day + span), yTicks: 4, xName: "day of 2014", yName: "temperature (°C)", xFormat: (value) => date(value, this.narrow ? 3 : 9) });
    const edge = [...shown.map((row) => [at(row), y(row.high)]), ...shown.map((row) => [at(row), y(row.low)]).reverse()];
    each(layer(this.plot, "band"), "path", "live-sure", [edge]).attr("d", (points) => `${through(points)}Z`);
    each(this.plot, "circle", "live-came", shown).attr("cx", at).attr("cy", (row) => y(row.came)).attr("r", 3)
      .classed("live-outside", (row) => !row.held);
  }

  drawYear(width, height) {
    const { shares } = this.numbers;
    const { days, level } = this.given;
    const x = d3.scaleLinear([0, days], [44, width - 12]);
    const y = d3.scaleLinear([LEAST, 1], [height - 42, 26]);
    const months = d3.range(0, 12, this.narrow ? 3 : 1).map((month) => (Date.UTC(2014, month) - Date.UTC(2014)) / 864e5);
    this.days = x;
    resize(this.year, width, height);
    axes(this.year, { x, y, xTicks: months, yTicks: [LEAST, 0.6, 0.8, 0.9, 1], xName: "2014", yName: "inside since 1 January (%)", xFormat: (day) => date(day, 3), yFormat: (share) => number(100 * share, 0) });
    each(this.year, "path", "live-limit", [level]).attr("d", (share) => `M${x(0)},${y(share)}H${x(days)}`);
    const points = shares.map((share, k) => [x(k + 1), y(share)]);
    each(clipped(this.year, x.range(), y.range()), "path", "live-way", [points]).attr("d", through);
    each(this.year, "circle", "live-spot", shares.at(-1) < LEAST ? [] : [points.at(-1)]).attr("cx", ([a]) => a).attr("cy", ([, b]) => b).attr("r", 5);
  }
}

define("live-sure-band", SureBand);
