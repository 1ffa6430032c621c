// Data and weights: a file beside this script, fetched when it is first needed, fills in
// window.bookData[name]. A script element works from a folder, too, where `fetch` is forbidden.

const own = document.currentScript.src; // its end, ?v=..., changes with the data, too
const coming = {};

/** The data of a figure, loaded once: load("lstm_unit/data"). */
export function load(name) {
  coming[name] ??= new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = new URL(name + ".js" + new URL(own).search, own);
    script.onload = () => done(window.bookData[name]);
    script.onerror = () => fail(new Error(`${script.src} is missing`));
    document.head.append(script);
  });
  return coming[name];
}

/** An array from its bytes: a vector as an array of numbers, all others as an array of their rows. */
export function unpack({ shape, kind, bytes }) {
  const raw = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
  const values = KINDS[kind](raw.buffer);
  if (shape.length === 1) return Array.from(values);
  const width = values.length / shape[0];
  return Array.from({ length: shape[0] }, (_, k) => values.subarray(k * width, (k + 1) * width));
}

const KINDS = {
  float16: (buffer) => Float32Array.from(new Uint16Array(buffer), fromHalf),
  float32: (buffer) => new Float32Array(buffer),
  int16: (buffer) => new Int16Array(buffer),
  uint8: (buffer) => new Uint8Array(buffer),
};

/** A number of 16 bits: one for its sign, five for its exponent, ten for its digits. */
function fromHalf(bits) {
  const [exponent, digits] = [(bits >> 10) & 31, bits & 1023];
  const size = exponent ? 2 ** (exponent - 25) * (1024 + digits) : 2 ** -24 * digits;
  return bits >> 15 ? -size : size;
}
