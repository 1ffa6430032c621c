// What all figures have in common: they are built when they come near, answer each change once a
// frame, follow their own width, and rest when out of sight.
import { load } from "./data.js";

/** A figure is a class with five words of its own:
 *
 *  static data      the names of its data, or null
 *  start(data)      its first settings: { radius: 1, ... }
 *  answer(settings) what follows from them, all its numbers; it touches no page
 *  build()          its elements, once
 *  draw()           shows this.settings and this.numbers in this.width pixels
 */
export class Figure extends HTMLElement {
  static data = null;

  connectedCallback() {
    if (this.watch) return;
    this.controls = [];
    this.watch = new IntersectionObserver((seen) => seen.at(-1).isIntersecting && this.come(), { rootMargin: "400px" });
    this.watch.observe(this);
    document.addEventListener("keydown", (event) => event.key === "Tab" && this.come()); // it may come next
    new IntersectionObserver((seen) => seen.at(-1).isIntersecting || this.pause()).observe(this);
  }

  /** Build the figure, once; what it returns is there when the figure answers. */
  come() {
    this.built ??= this.begin();
    return this.built;
  }

  async begin() {
    const names = [this.constructor.data ?? []].flat();
    this.given = Object.assign({}, ...(await Promise.all(names.map(load))));
    this.settings = this.start(this.given);
    this.first = structuredClone(this.settings);
    this.numbers = this.answer(this.settings);
    this.replaceChildren();
    this.classList.add("live-figure");
    this.build();
    new ResizeObserver(() => this.fit()).observe(this);
    this.fit();
  }

  fit() {
    const width = Math.floor(this.clientWidth);
    if (!width || width === this.width) return;
    this.width = width;
    this.narrow = width < 560;
    this.classList.toggle("live-narrow", this.narrow);
    this.show();
  }

  /** Change some settings; the answer is drawn with the next frame. */
  set(changes) {
    Object.assign(this.settings, changes);
    this.due ??= requestAnimationFrame(() => this.now());
  }

  /** Answer and draw at once. */
  now() {
    cancelAnimationFrame(this.due);
    this.due = undefined;
    this.numbers = this.answer(this.settings);
    this.show();
  }

  show() {
    for (const control of this.controls) control.show(this.settings);
    this.draw();
  }

  /** Whether the reader asks for little motion: then a play goes in few steps. */
  get calm() {
    return matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  /** Call `step` every so many milliseconds until it returns false, or the figure is left. */
  play(step, milliseconds) {
    this.pause();
    this.playing = setInterval(() => {
      if (!document.hidden && step() === false) this.pause();
    }, milliseconds);
    this.show();
  }

  pause() {
    if (!this.playing) return;
    clearInterval(this.playing);
    this.playing = undefined;
    this.show();
  }
}

/** Make a figure known to the page under its name. */
export function define(name, figure) {
  if (!customElements.get(name)) customElements.define(name, figure);
}
