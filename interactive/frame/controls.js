// What a reader moves. Each control has its element, and `show(settings)`, which puts it right.
import { make, number } from "./dom.js";

/** A slider for the setting `key`; `say` puts its value into words. Where it moves a part of a setting,
 *  `read(settings)` finds the value and `write(value)` says what to set. `max` may be a function. */
export function slider(figure, key, options) {
  const { name, about = name, min, max, step, say = number } = options;
  const { read = (settings) => settings[key], write = (value) => ({ [key]: value }) } = options;
  const move = () => figure.set(write(Number(input.value)));
  const input = make("input", { type: "range", min, step, "aria-label": about, oninput: move });
  const value = make("span", { class: "live-value", "aria-hidden": "true" });
  const element = make("label", { class: "live-slider" }, make("span", { class: "live-name" }, name), value, input);
  const show = (settings) => {
    input.max = typeof max === "function" ? max() : max; // before the value, which it limits
    input.value = read(settings);
    value.textContent = say(read(settings));
    input.setAttribute("aria-valuetext", say(read(settings)));
  };
  return keep(figure, { element, input, show });
}

/** A field for a text of at most `most` letters; `clean` takes out what does not belong there. */
export function field(figure, key, { name, most, clean = (text) => text, ...others }) {
  const type = () => figure.set({ [key]: clean(input.value) });
  const plain = { type: "text", maxlength: most, spellcheck: "false", autocomplete: "off", autocapitalize: "off" };
  const input = make("input", { ...plain, ...others, oninput: type });
  const element = make("label", { class: "live-typed" }, make("span", {}, name), input);
  const show = (settings) => { if (input.value !== settings[key]) input.value = settings[key]; };
  return keep(figure, { element, show });
}

/** One of several: { gaussian: "Gaussian", ... } for the setting `key`; `write(value)` says what to set. */
export function choice(figure, key, { name, options, write = (value) => ({ [key]: value }) }) {
  const group = `${figure.localName}-${key}`;
  const inputs = Object.keys(options).map((value) =>
    make("input", { type: "radio", name: group, value, onchange: () => figure.set(write(value)) }));
  const labels = inputs.map((input) => make("label", {}, input, make("span", {}, options[input.value])));
  const legend = make("legend", {}, name);
  const element = make("fieldset", { class: "live-choice" }, legend, make("div", {}, ...labels));
  const show = (settings) => inputs.forEach((input) => { input.checked = input.value === String(settings[key]); });
  return keep(figure, { element, show });
}

/** One of many: { en: "English", ... } for the setting `key`; `write(value)` says what to set. */
export function select(figure, key, { name, options, write = (value) => ({ [key]: value }) }) {
  const pick = () => figure.set(write(input.value));
  const all = Object.entries(options).map(([value, text]) => make("option", { value }, text));
  const input = make("select", { onchange: pick }, ...all);
  const element = make("label", { class: "live-select" }, make("span", {}, name), input);
  const show = (settings) => { input.value = settings[key]; };
  return keep(figure, { element, show });
}

/** A button that is pressed or not: `pressed(settings)` says which. */
export function toggle(figure, { name, about = name, pressed, press, ...others }) {
  const element = make("button", { type: "button", "aria-label": about, onclick: press, ...others }, name);
  const show = (settings) => element.setAttribute("aria-pressed", String(pressed(settings)));
  return keep(figure, { element, show });
}

export function button(name, press, others = {}) {
  return make("button", { type: "button", onclick: press, ...others }, name);
}

/** A button that starts and stops the play of a figure. */
export function playButton(figure, name, start) {
  const element = button(name, () => (figure.playing ? figure.pause() : start()));
  const show = () => { element.textContent = figure.playing ? "❚❚ Pause" : `▶ ${name}`; };
  return keep(figure, { element, show });
}

const MOVES = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -Infinity, ArrowDown: Infinity, Home: "first", End: "last" };

/** A group of many buttons takes the Tab key once; arrows move within it, in rows of `columns`. */
export function rove(group, columns = Infinity) {
  const buttons = [...group.querySelectorAll("button")];
  const enter = (k) => {
    buttons.forEach((one, j) => { one.tabIndex = j === k ? 0 : -1; });
    return buttons[k];
  };
  enter(0);
  group.addEventListener("click", (event) => enter(buttons.indexOf(event.target.closest("button")))?.focus());
  group.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    const from = buttons.indexOf(document.activeElement);
    if (move === undefined || from < 0) return;
    const by = Number.isFinite(move) ? move : Math.sign(move) * columns;
    const to = move === "first" ? 0 : move === "last" ? buttons.length - 1 : from + by;
    event.preventDefault();
    if (buttons[to]) enter(to).focus();
  });
  return group;
}

/** Back to how the figure began. */
export function resetButton(figure) {
  return button("Reset", () => { figure.pause(); figure.set(structuredClone(figure.first)); });
}

/** A line of text about the present numbers, read out when it has come to rest. */
export function report(figure, say) {
  const seen = make("p", { class: "live-report", "aria-hidden": "true" });
  const heard = make("p", { class: "live-heard", "aria-live": "polite" });
  let waiting;
  const show = () => {
    const text = say(figure.settings, figure.numbers);
    if (seen.textContent === text) return;
    seen.textContent = text;
    clearTimeout(waiting);
    waiting = setTimeout(() => { heard.textContent = text; }, heard.textContent ? 700 : 0);
  };
  return keep(figure, { element: make("div", {}, seen, heard), show });
}

function keep(figure, control) {
  figure.controls.push(control);
  return control;
}
