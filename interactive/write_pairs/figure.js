// Who lives where, in two matrices: one adds every write, the other corrects what it finds.
import { add, length, product, scaled } from "../arithmetic/vectors.js";
import { report, resetButton, slider } from "../frame/controls.js";
import { make, number } from "../frame/dom.js";
import { axes, clipped, each, layer, picture, resize, through } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const WAYS = { adding: "Every write adds", correcting: "Every write corrects" };
const [EAST, NORTH] = [2.25, 1.75]; // half of the map, in thousands of kilometres
const HEAD = 22; // above a map
const STRIP = 26; // the width of a matrix
const EDGE = 9; // what a letter keeps from the edge of a map

class WritePairs extends Figure {
  static data = "write_pairs/data";

  start() {
    return { writes: 6, rows: 64, strength: 1, decay: 1 };
  }

  answer({ writes, rows, strength, decay }) {
    const keys = this.given.drawn.map((row) => unit(row.slice(0, rows)));
    const empty = this.given.story.map((_, t) => 1000 * d3.mean(this.truth(t + 1).map(length)));
    const both = Object.keys(WAYS).map((way) => [way, this.run(keys, writes, strength, decay, way === "correcting")]);
    return { ...Object.fromEntries(both), empty };
  }

  /** The whole story: how far off the reads are after each write; after `writes` of them, the memory and its reads. */
  run(keys, writes, strength, decay, corrects) {
    const { names, places, story } = this.given;
    const found = { errors: [] };
    let S = keys[0].map(() => [0, 0]);
    story.forEach(([name, city], t) => {
      S = write(S, keys[names.indexOf(name)], places[city], strength, decay, corrects);
      const truth = this.truth(t + 1);
      const reads = truth.map((_, n) => product(keys[n], S));
      found.errors.push(1000 * d3.mean(reads.map((read, n) => distance(read, truth[n]))));
      if (t + 1 === writes) Object.assign(found, { S, reads });
    });
    return found;
  }

  /** Where everybody lives who has been written by then. */
  truth(writes) {
    return Object.values(this.homes(writes)).map((city) => this.given.places[city]);
  }

  homes(writes) {
    return Object.fromEntries(this.given.story.slice(0, writes));
  }

  build() {
    const { story } = this.given;
    this.maps = Object.entries(WAYS).map(([way, title]) => ({
      way, title, svg: picture(`${title}: a map with a letter where the memory reads each person, and a line from there to the city where that person lives.`).classed(`live-${way}`, true),
    }));
    this.plot = picture("How far off the reads of both memories are on average, write by write, and those of an empty memory.").classed("live-drag", true);
    this.plot.call(d3.drag().container(this.plot.node()).on("start drag", ({ x }) => this.set({ writes: Math.max(1, Math.min(story.length, Math.round(this.at.invert(x)))) })));
    this.append(
      make("p", { class: "live-todo" }, "Go through the story write by write. Each letter stands where a memory reads that person; the line leads to where the person lives."),
      make("div", { class: "live-bar" },
        slider(this, "writes", { name: "Writes so far", min: 1, max: story.length, step: 1, say: String }).element,
        slider(this, "rows", {
          name: "Rows of the matrix", min: 1, max: 7, step: 1, say: (doublings) => String(2 ** doublings),
          read: ({ rows }) => Math.log2(rows), write: (doublings) => ({ rows: 2 ** doublings }),
        }).element),
      make("div", { class: "live-bar" },
        slider(this, "strength", { name: "Strength b", min: 0, max: 2, step: 0.05 }).element,
        slider(this, "decay", { name: "Decay a", min: 0.8, max: 1, step: 0.01 }).element,
        resetButton(this)),
      make("div", { class: "live-panels" }, ...this.maps.map(({ svg }) => svg.node())),
      this.plot.node(),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
    );
  }

  say({ writes }, numbers) {
    const { names, places, story } = this.given;
    const [name, city] = story[writes - 1];
    const off = (way) => {
      const gap = 1000 * distance(numbers[way].reads[names.indexOf(name)], places[city]);
      return gap < 1e-6 ? "exactly there" : `${kilometres(gap)} from there`;
    };
    const now = `Write ${writes}: ${name} ${writes > names.length ? "moves to" : "lives in"} ${city}. Adding reads ${name} ${off("adding")}, correcting ${off("correcting")}.`;
    if (writes === 1) return now;
    const [adding, correcting, empty] = [numbers.adding.errors, numbers.correcting.errors, numbers.empty].map((errors) => kilometres(errors[writes - 1]));
    return `${now} Mean over ${Math.min(writes, names.length)} people: adding ${adding}, correcting ${correcting}, an empty memory (everybody at the cross) ${empty}.`;
  }

  draw() {
    const width = this.narrow ? this.width : Math.floor((this.width - 12) / 2);
    const largest = d3.max(this.maps, ({ way }) => d3.max(this.numbers[way].S.flat(), Math.abs));
    for (const map of this.maps) this.drawMap(map, width, largest);
    this.drawPlot(this.width, 190);
  }

  drawMap({ way, title, svg }, width, largest) {
    const right = width - STRIP - 8;
    const scale = right / (2 * EAST); // pixels of a thousand kilometres
    const bottom = HEAD + 2 * NORTH * scale;
    const x = d3.scaleLinear([-EAST, EAST], [0, right]);
    const y = d3.scaleLinear([-NORTH, NORTH], [bottom, HEAD]);
    const place = ([east, north]) => [x(east), y(north)];
    const { S, reads } = this.numbers[way];
    resize(svg, width, bottom);
    each(svg, "text", "live-head", [title]).attr("x", 0).attr("y", 12).text(String);
    each(svg, "text", "live-axis-name", [S.length]).attr("x", width).attr("y", 12).attr("text-anchor", "end").text((rows) => `matrix, ${rows} × 2`);
    const inside = clipped(svg, [0, right], [bottom, HEAD]);
    each(inside, "rect", "live-ground", [0]).attr("x", 0).attr("y", HEAD).attr("width", right).attr("height", bottom - HEAD);
    each(inside, "path", "live-cross-hair", [place([0, 0])]).attr("d", ([left, top]) => `M${left - 5},${top}h10M${left},${top - 5}v10`);
    each(inside, "path", "live-scale", [0]).attr("d", `M${right - 10},${bottom - 14}v4h${-scale / 2}v-4`);
    each(inside, "text", "live-axis-name", ["500 km"]).attr("x", right - 10).attr("y", bottom - 18).attr("text-anchor", "end").text(String);
    this.drawPeople(inside, reads, place, EDGE / scale);
    this.drawMatrix(svg, S, largest, width - STRIP, bottom - HEAD);
  }

  /** All cities, the homes among them filled; from each home a line to where the person is read, or to the edge of the map. */
  drawPeople(inside, reads, place, edge) {
    const { names, places, story } = this.given;
    const homes = Object.values(this.homes(this.settings.writes));
    const cities = Object.entries(places).map(([city, at]) => ({ city, at: place(at), isHome: homes.includes(city) }));
    const people = reads.map((read, n) => {
      const home = places[homes[n]];
      const shown = Math.min(1, reach(home[0], read[0], EAST - edge), reach(home[1], read[1], NORTH - edge));
      const to = place(home.map((at, k) => at + shown * (read[k] - at)));
      return { from: place(home), to, letter: names[n][0], isOutside: shown < 1, isNow: names[n] === story[this.settings.writes - 1][0] };
    });
    each(inside, "circle", "live-city", cities).attr("cx", (d) => d.at[0]).attr("cy", (d) => d.at[1]).attr("r", 3.5).classed("live-home", (d) => d.isHome);
    each(inside, "path", "live-off", people).attr("d", (d) => through([d.from, d.to]));
    each(inside, "text", "live-place-name", cities).attr("x", (d) => d.at[0]).attr("y", (d) => d.at[1] - 11).text((d) => d.city).classed("live-home", (d) => d.isHome);
    each(inside, "circle", "live-mark", people).attr("cx", (d) => d.to[0]).attr("cy", (d) => d.to[1]).attr("r", 8)
      .classed("live-outside", (d) => d.isOutside).classed("live-now", (d) => d.isNow);
    each(inside, "text", "live-letter", people).attr("x", (d) => d.to[0]).attr("y", (d) => d.to[1]).attr("dy", "0.35em").text((d) => d.letter)
      .classed("live-outside", (d) => d.isOutside);
  }

  drawMatrix(svg, S, largest, left, height) {
    const cells = S.flatMap((row, i) => row.map((value, j) => ({ value, i, j })));
    const tall = height / S.length;
    each(layer(svg, "matrix"), "rect", "live-cell", cells).attr("x", (d) => left + (d.j * STRIP) / 2).attr("y", (d) => HEAD + d.i * tall)
      .attr("width", STRIP / 2).attr("height", tall).classed("live-minus", (d) => d.value < 0)
      .attr("fill-opacity", (d) => (largest ? Math.abs(d.value) / largest : 0).toFixed(3));
    each(svg, "rect", "live-frame", [0]).attr("x", left).attr("y", HEAD).attr("width", STRIP).attr("height", height);
  }

  drawPlot(width, height) {
    const { numbers } = this;
    const { story } = this.given;
    const lines = { ...Object.fromEntries(Object.keys(WAYS).map((way) => [way, numbers[way].errors])), empty: numbers.empty };
    const x = d3.scaleLinear([0.6, story.length + 0.4], [44, width - (this.narrow ? 66 : 84)]);
    const y = d3.scaleLinear([0, Math.max(1600, d3.max(Object.values(lines).flat()))], [height - 42, 26]);
    this.at = x;
    const beside = apart(Object.entries(lines).map(([name, line]) => [name, y(line.at(-1))]), 13);
    resize(this.plot, width, height);
    const tick = (t) => (this.narrow ? story[t - 1][0][0] : `${story[t - 1][0][0]} ${story[t - 1][1]}`);
    axes(this.plot, { x, y, xTicks: d3.range(1, story.length + 1), yTicks: 4, xName: "write: who lives where", yName: "mean distance from the truth, in km", xFormat: tick });
    each(this.plot, "path", "live-limit", [this.settings.writes]).attr("d", (t) => through([[x(t), y.range()[0]], [x(t), y.range()[1]]]));
    for (const [name, line] of Object.entries(lines)) {
      const inside = layer(this.plot, `live-${name}`);
      each(inside, "path", "live-line", [line]).attr("d", (errors) => through(errors.map((error, t) => [x(t + 1), y(error)])));
      each(inside, "circle", "live-mark", line).attr("cx", (_, t) => x(t + 1)).attr("cy", y).attr("r", (_, t) => (t + 1 === this.settings.writes ? 5 : 2.5));
      each(inside, "text", "live-axis-name", [name]).attr("x", x(line.length) + 9).attr("y", beside[name]).attr("dy", "0.35em").text(String);
    }
  }
}

/** One write: fade, look (or not), and put in. */
function write(S, k, v, b, a, corrects) {
  const decayed = S.map((row) => scaled(row, a));
  const error = corrects ? add(v, scaled(product(k, decayed), -1)) : v;
  return decayed.map((row, i) => add(row, scaled(error, b * k[i])));
}

/** Heights of labels, { name: y }, moved up where two would touch. */
function apart(labels, least) {
  let next = Infinity;
  return Object.fromEntries(d3.sort(labels, ([, y]) => -y).map(([name, y]) => [name, (next = Math.min(y, next - least))]));
}

/** What share of the way between two numbers lies within a limit; Infinity for more than all. */
const reach = (from, to, limit) => (Math.abs(to) > limit ? (Math.sign(to) * limit - from) / (to - from) : Infinity);
const unit = (row) => scaled(row, 1 / length(row));
const distance = ([a, b], [c, d]) => Math.hypot(a - c, b - d);
const kilometres = (value) => `${number(value, 0)} km`;

define("live-write-pairs", WritePairs);
