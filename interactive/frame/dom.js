// Elements of HTML in one call.

/** make("label", { class: "live-name", onclick: f }, "text", other): an element with what is in it. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** A number as the page prints it: two decimals, a minus of print, no minus before zero. */
export function number(value, digits = 2) {
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? (0).toFixed(digits) : text).replace("-", "−");
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A positive number of any size: 0.31, 42, or 3·10⁻⁸; without `digits`, a bare power of ten. */
export function power(value, digits = 1) {
  if (value === 0) return "0";
  if (value >= 0.01 && value < 1000 && digits) return value >= 10 ? number(value, 0) : number(value);
  const [mantissa, exponent] = value.toExponential(digits).split("e");
  const raised = String(Math.abs(Number(exponent))).replace(/\d/g, (digit) => SUPERSCRIPTS[digit]);
  const power = Number(exponent) === 0 ? "1" : `10${Number(exponent) < 0 ? "⁻" : ""}${raised}`;
  return digits ? `${mantissa}·${power}` : power;
}
