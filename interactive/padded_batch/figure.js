// Five words of different lengths, read as one batch: the mask freezes rows.
import * as rnn from "../arithmetic/rnn.js";
import { choice, playButton, report, resetButton, rove, slider, toggle } from "../frame/controls.js";
import { make, number } from "../frame/dom.js";
import { Figure, define } from "../frame/base.js";

const SAME = 1e-9; // rounding

class PaddedBatch extends Figure {
  static data = "padded_batch/data";

  start({ words, steps }) {
    const counts = words.map((word) => Array.from({ length: steps }, (_, t) => t < word.length));
    return { step: 5, masked: true, padding: "zeros", counts };
  }

  answer({ masked, padding, counts }) {
    const { params } = this.given;
    const read = this.given.words.map((word, n) => {
      const x = this.input(word, padding);
      const { hs, h, state } = rnn.forward(params, x, { mask: masked ? counts[n] : null });
      const alone = rnn.forward(params, x.filter((_, t) => t < word.length && counts[n][t])).state;
      const apart = Math.max(...state.map((value, k) => Math.abs(value - alone[k])));
      return { outputs: hs, states: h, alone, apart };
    });
    return Object.fromEntries(["outputs", "states", "alone", "apart"].map((key) => [key, read.map((row) => row[key])]));
  }

  /** One-hot letters, and what stands where there are none. */
  input(word, padding) {
    const { letters, steps } = this.given;
    return Array.from({ length: steps }, (_, t) => {
      const letter = word[t] ?? (padding === "z" ? "z" : "");
      const filled = padding === "NaN" && t >= word.length ? NaN : 0;
      return Array.from(letters, (one) => (one === letter ? 1 : filled));
    });
  }

  build() {
    const { words, steps } = this.given;
    this.fields = words.map((_, n) => Array.from({ length: steps }, (_, t) => this.field(n, t)));
    this.verdicts = words.map(() => make("span", { class: "live-verdict", "aria-hidden": "true" }));
    const rows = words.map((_, n) => [...this.fields[n], this.verdicts[n]]);
    const grid = make("div", { class: "live-batch", role: "group", "aria-label": "Letters that count" }, ...rows.flat());
    grid.style.setProperty("--steps", steps);
    const step = slider(this, "step", { name: "Step", min: 0, max: steps, step: 1, say: String });
    const mask = toggle(this, { name: "Mask", pressed: (settings) => settings.masked, press: () => this.set({ masked: !this.settings.masked }) });
    const padding = choice(this, "padding", { name: "Padding", options: { zeros: "zeros", z: "the letter z", NaN: "NaN" } });
    this.append(
      make("p", { class: "live-todo" }, "Step through the batch. Take the mask away, or click a letter to mask it, too."),
      make("div", { class: "live-bar" }, step.element, playButton(this, "Play", () => this.run()).element, resetButton(this)),
      make("div", { class: "live-bar" }, mask.element, padding.element),
      rove(grid, steps),
      report(this, (settings, numbers) => this.say(settings, numbers)).element,
      this.table(),
    );
  }

  /** A letter of the batch, and below it the state after its step, a block for each unit. */
  field(n, t) {
    const blocks = this.given.params.b.map(() => make("i"));
    const letter = make("b", {}, this.given.words[n][t] ?? "");
    const press = () => {
      const counts = this.settings.counts.map((row) => row.slice());
      counts[n][t] = !counts[n][t];
      this.set({ counts });
    };
    const element = make("button", { type: "button", class: "live-field", onclick: press }, letter, make("span", {}, ...blocks));
    return Object.assign(element, { letter, blocks });
  }

  table() {
    const { words, params } = this.given;
    this.cells = words.map(() => params.b.map(() => make("td")));
    const head = make("tr", {}, make("td"), ...params.b.map((_, k) => make("th", { scope: "col" }, `h${"₁₂₃₄₅₆₇₈₉"[k]}`)));
    const rows = words.map((word, n) => make("tr", {}, make("th", { scope: "row" }, word), ...this.cells[n]));
    this.caption = make("caption");
    return make("table", { class: "live-table live-states" }, this.caption, make("thead", {}, head), make("tbody", {}, ...rows));
  }

  run() {
    const { steps } = this.given;
    this.settings.step = 0;
    this.now();
    this.play(() => (this.settings.step < steps ? this.set({ step: this.settings.step + 1 }) : false), 800);
  }

  /** Whether a row keeps its state at a step. */
  keeps(n, t) {
    return this.settings.masked && !this.settings.counts[n][t];
  }

  say({ step, masked }, { apart }) {
    const { words, steps } = this.given;
    const wrong = words.filter((_, n) => !(apart[n] < SAME));
    const whole = wrong.length ? `${list(wrong)} ${wrong.length > 1 ? "end" : "ends"} in another state than when read alone.` : "every word ends in the state that it has when read alone.";
    return `${masked ? "" : "There is no mask. "}${this.moves(step)} After all ${steps} steps ${whole}`;
  }

  moves(step) {
    const kept = step ? this.given.words.filter((_, n) => this.keeps(n, step - 1)) : [];
    if (!step) return "Nothing is read yet.";
    if (!kept.length) return `At step ${step} every row moves on.`;
    const [their, outputs] = kept.length > 1 ? ["states", "their outputs are"] : ["state", "its output is"];
    return `At step ${step} the mask keeps the ${their} of ${list(kept)}; ${outputs} 0.`;
  }

  draw() {
    const { settings, numbers } = this;
    this.fields.forEach((row, n) => row.forEach((field, t) => this.drawField(field, n, t)));
    this.verdicts.forEach((verdict, n) => {
      const done = settings.step === this.given.steps;
      const same = numbers.apart[n] < SAME;
      const kept = settings.step > 0 && this.keeps(n, settings.step - 1);
      verdict.classList.toggle("live-wrong", done && !same);
      const off = Number.isNaN(numbers.apart[n]) ? "NaN" : `${number(numbers.apart[n])} off`;
      verdict.textContent = !done ? (kept && !this.narrow ? "kept" : "") : same ? "✓ as alone" : `✗ ${off}`;
    });
    this.caption.textContent = settings.step ? `States after step ${settings.step}` : "States before the first step";
    this.cells.forEach((row, n) => row.forEach((cell, k) => {
      const value = numbers.states[n][settings.step][k];
      cell.textContent = Number.isNaN(value) ? "NaN" : number(value, this.narrow ? 1 : 2);
    }));
  }

  drawField(field, n, t) {
    const { settings, numbers, given } = this;
    const own = given.words[n][t];
    const shown = own ?? { zeros: "0", z: "z", NaN: "NaN" }[settings.padding];
    const counts = settings.counts[n][t];
    field.letter.textContent = shown;
    field.setAttribute("aria-pressed", String(counts));
    field.setAttribute("aria-label", `${given.words[n]}, step ${t + 1}: ${own ? `letter ${own}` : `padding, ${shown}`}`);
    field.classList.toggle("live-padding", !own);
    field.classList.toggle("live-kept", this.keeps(n, t));
    field.classList.toggle("live-now", t === settings.step - 1);
    field.blocks.forEach((block, k) => {
      const value = t < settings.step ? numbers.states[n][t + 1][k] : 0;
      block.className = Number.isNaN(value) ? "live-nan" : value < 0 ? "live-minus" : "live-plus";
      block.style.setProperty("--size", Number.isNaN(value) ? 1 : Math.abs(value).toFixed(3));
    });
  }
}

/** “was”, “live” and “parts”. */
function list(words) {
  const quoted = words.map((word) => `“${word}”`);
  return quoted.length > 1 ? `${quoted.slice(0, -1).join(", ")} and ${quoted.at(-1)}` : quoted[0];
}

define("live-padded-batch", PaddedBatch);
