// A square of pixels, +1 black and -1 white, to paint on by pointer, by touch and by keys.
import { make } from "./dom.js";
import { each, picture, resize } from "./drawing.js";

export class Painting {
  /** `pixels()` finds the pixels, `change(pixels)` sets them; a stroke is `brush` pixels wide. */
  constructor({ side, label, pixels, change, brush = 1 }) {
    Object.assign(this, { side, pixels, change, brush, cursor: 0, width: 0 });
    this.svg = picture(`${label}, ${side} by ${side} pixels. Arrow keys move, space paints.`)
      .attr("role", "application").attr("tabindex", 0).classed("live-paint", true);
    this.svg.on("keydown", (event) => this.key(event)).on("focus blur", () => this.draw(this.width));
    this.svg.call(d3.drag().container(this.svg.node()).on("start", (event) => this.press(event)).on("drag", (event) => this.paint(event)));
    this.heard = make("p", { class: "live-heard", "aria-live": "polite" });
  }

  /** The pixel below a pointer, or -1. */
  pixel({ x, y }) {
    const { side } = this;
    const [column, row] = [x, y].map((place) => Math.floor((place / this.width) * side));
    return column >= 0 && column < side && row >= 0 && row < side ? row * side + column : -1;
  }

  press(event) {
    this.ink = -this.pixels()[this.pixel(event)];
    this.at = { x: event.x, y: event.y };
    this.paint(event);
  }

  /** Paint from where the pointer was last to where it is. */
  paint(event) {
    const pixels = this.pixels().slice();
    for (const part of d3.range(0, 1.01, 0.1)) {
      const way = (axis) => this.at[axis] + part * (event[axis] - this.at[axis]);
      this.dab(pixels, this.pixel({ x: way("x"), y: way("y") }), this.ink);
    }
    this.at = { x: event.x, y: event.y };
    if (pixels.some((value, k) => value !== this.pixels()[k])) this.change(pixels);
  }

  /** A square of the brush's size, as far as it lies on the picture. */
  dab(pixels, k, ink) {
    const { side, brush } = this;
    if (k < 0) return;
    for (const down of d3.range(brush)) {
      for (const right of d3.range(brush)) {
        if ((k % side) + right < side && k + down * side < side * side) pixels[k + down * side + right] = ink;
      }
    }
  }

  key(event) {
    const { side } = this;
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -side, ArrowDown: side };
    if (event.key in moves) {
      const to = this.cursor + moves[event.key];
      const sameRow = Math.abs(moves[event.key]) === side || Math.floor(to / side) === Math.floor(this.cursor / side);
      if (to >= 0 && to < side * side && sameRow) this.cursor = to;
      this.draw(this.width);
    } else if (event.key === " ") {
      const pixels = this.pixels().slice();
      this.dab(pixels, this.cursor, -pixels[this.cursor]);
      this.change(pixels);
    } else return;
    event.preventDefault();
    const black = this.pixels()[this.cursor] > 0;
    this.heard.textContent = `Row ${Math.floor(this.cursor / side) + 1}, column ${(this.cursor % side) + 1}: ${black ? "black" : "white"}.`;
  }

  draw(width) {
    this.width = width;
    const size = width / this.side;
    drawPixels(this.svg, this.pixels(), this.side, width);
    const isFocused = document.activeElement === this.svg.node();
    each(this.svg, "rect", "live-cursor", isFocused ? [this.cursor] : [])
      .attr("x", (k) => (k % this.side) * size).attr("y", (k) => Math.floor(k / this.side) * size)
      .attr("width", size).attr("height", size);
  }
}

/** Pixels that nobody paints on. */
export function drawPixels(svg, pixels, side, width) {
  const size = width / side;
  resize(svg, width, (width * pixels.length) / (side * side));
  each(svg, "rect", "live-pixel", pixels)
    .attr("x", (_, k) => (k % side) * size + 0.5).attr("y", (_, k) => Math.floor(k / side) * size + 0.5)
    .attr("width", size - 1).attr("height", size - 1).classed("live-black", (value) => value > 0);
}
