// A timeline: an entry lights all that it builds on, and says what it is, with its source.
import { report, slider } from "../frame/controls.js";
import { make } from "../frame/dom.js";
import { each, layer, picture, resize } from "../frame/drawing.js";
import { Figure, define } from "../frame/base.js";

const ROW = 16;
const LISTED = 6; // so many older entries are named
const FAMILIES = ["loop", "learning", "gates", "linear", "attention"];

class Timeline extends Figure {
  static data = "timeline/data";

  start({ events }) {
    this.place = new Map(events.map((event, k) => [event.name, k]));
    return { entry: this.place.get("LSTM") };
  }

  answer({ entry }) {
    const { events } = this.given;
    const before = events.map(() => new Set()); // bases stand before what builds on them
    events.forEach((event, k) => {
      for (const base of event.bases.map((name) => this.place.get(name))) {
        before[k].add(base);
        before[base].forEach((older) => before[k].add(older));
      }
    });
    const heirs = d3.range(events.length).filter((k) => before[k].has(entry));
    return { ancestors: [...before[entry]].sort(d3.ascending), heirs };
  }

  build() {
    const { events } = this.given;
    this.svg = picture("Forty entries from 1943 to 2025, one below the other, with lines to what each of them builds on.").classed("live-pick", true);
    this.svg.on("pointermove pointerdown", (event) => {
      if (event.type === "pointermove" && event.pointerType === "touch") return;
      const entry = Math.floor((d3.pointer(event, this.svg.node())[1] - this.top) / ROW);
      if (events[entry] && entry !== this.settings.entry) this.set({ entry });
    });
    this.append(
      make("p", { class: "live-todo" }, "Point at an entry, or move the slider. What it builds on lights up in bold, what builds on it in plain type."),
      make("div", { class: "live-bar" },
        slider(this, "entry", { name: "Entry", min: 0, max: events.length - 1, step: 1, say: (k) => `${events[k].name}, ${events[k].year}` }).element),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
      this.svg.node(),
    );
  }

  say({ entry }, { ancestors, heirs }) {
    const { year, name, what, bases, source } = this.given.events[entry];
    const further = ancestors.filter((k) => !bases.includes(this.given.events[k].name)).map((k) => this.given.events[k].name);
    const through = further.length > LISTED ? `${further.length} more` : list(further);
    const on = bases.length ? ` It builds on ${list(bases)}${further.length ? `, and through ${bases.length > 1 ? "them" : "it"} on ${through}` : ""}.` : " It builds on no other entry.";
    const later = heirs.length ? ` ${heirs.length} later ${heirs.length > 1 ? "entries build" : "entry builds"} on it.` : "";
    return `${year}, ${name}: ${what}.${on}${later} Source: ${source}.`;
  }

  draw() {
    const { events } = this.given;
    const { entry } = this.settings;
    const { ancestors, heirs } = this.numbers;
    this.top = this.narrow ? 66 : 24;
    const gap = this.narrow ? 16 : 48;
    const x = (event) => 10 + FAMILIES.indexOf(event.family) * gap;
    const y = (k) => this.top + (k + 0.5) * ROW;
    const left = 10 + 4 * gap + (this.narrow ? 14 : 24);
    const lit = new Set([entry, ...ancestors]);
    const later = new Set([entry, ...heirs]);
    resize(this.svg, this.width, this.top + ROW * events.length + 4);
    each(layer(this.svg, "ground"), "rect", "live-band", [entry]).attr("x", 0).attr("y", (k) => y(k) - ROW / 2).attr("width", this.width).attr("height", ROW).attr("rx", 3);
    const ways = events.flatMap((event, k) => event.bases.map((base) => [this.place.get(base), k]))
      .map(([from, to]) => ({ from, to, shade: [lit, later].findIndex((kin) => kin.has(from) && kin.has(to)) })).sort((a, b) => b.shade ** 2 - a.shade ** 2);
    each(layer(this.svg, "ways"), "path", "live-descent", ways)
      .attr("d", ({ from, to }) => {
        const [a, b] = [[x(events[from]), y(from)], [x(events[to]), y(to)]];
        const bend = a[0] === b[0] ? Math.min(gap * 0.42, 3 + (to - from)) : 0;
        return `M${a}C${a[0] + bend},${a[1] + (b[1] - a[1]) * 0.4} ${b[0] + bend},${b[1] - (b[1] - a[1]) * 0.4} ${b}`;
      }).classed("live-lit", (d) => d.shade === 0).classed("live-later", (d) => d.shade === 1);
    each(layer(this.svg, "dots"), "circle", "live-dot", events).attr("cx", x).attr("cy", (_, k) => y(k))
      .attr("r", (_, k) => (k === entry ? 6.5 : 4.5)).attr("data-family", (d) => d.family).classed("live-dim", (_, k) => !lit.has(k) && !later.has(k));
    each(this.svg, "text", "live-axis-name", FAMILIES)
      .attr("transform", (_, k) => (this.narrow ? `translate(${14 + k * gap},${this.top - 2})rotate(-90)` : `translate(${10 + k * gap},12)`))
      .attr("text-anchor", (_, k) => (k && !this.narrow ? "middle" : "start")).attr("dx", (_, k) => (k || this.narrow ? 0 : -10)).text(String);
    const names = layer(this.svg, "names");
    each(names, "text", "live-year", events).attr("x", left).attr("y", (_, k) => y(k)).attr("dy", "0.35em")
      .text((event, k) => (k && events[k - 1].year === event.year ? "" : event.year));
    each(names, "text", "live-name-text", events).attr("x", left + 36).attr("y", (_, k) => y(k)).attr("dy", "0.35em")
      .classed("live-lit", (_, k) => lit.has(k)).classed("live-later", (_, k) => later.has(k)).text((event) => event.name);
    each(names, "text", "live-what", this.narrow ? [] : events).attr("x", left + 190).attr("y", (_, k) => y(k)).attr("dy", "0.35em")
      .text((event, k) => (lit.has(k) ? event.what : ""));
  }
}

/** a; a and b; a, b and c. */
function list(names) {
  return names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0];
}

define("live-timeline", Timeline);
