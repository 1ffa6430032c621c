// Vectors are arrays of numbers, matrices arrays of rows. Row vectors, as in rnnbook: x W.

export const sigmoid = (a) => 0.5 * (1 + Math.tanh(a / 2));
export const zeros = (n) => new Array(n).fill(0);
export const add = (a, b) => a.map((a_k, k) => a_k + b[k]);
export const times = (a, b) => a.map((a_k, k) => a_k * b[k]);
export const scaled = (a, factor) => a.map((a_k) => factor * a_k);
export const length = (a) => Math.sqrt(dot(a, a));

/** A loop and not a `reduce`, which takes ten times as long. */
export function dot(a, b) {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

/** The row vector x W: four rows at once, since reading and writing y takes most of the time. */
export function product(x, W) {
  const y = new Float64Array(W[0].length);
  const nothing = new Float64Array(y.length);
  for (let i = 0; i < x.length; i += 4) {
    const [a, b, c, d] = [W[i], W[i + 1] ?? nothing, W[i + 2] ?? nothing, W[i + 3] ?? nothing];
    const [x_a, x_b, x_c, x_d] = [x[i], x[i + 1] ?? 0, x[i + 2] ?? 0, x[i + 3] ?? 0];
    for (let j = 0; j < y.length; j++) y[j] += x_a * a[j] + x_b * b[j] + x_c * c[j] + x_d * d[j];
  }
  return Array.from(y);
}

/** The row vector x Wᵀ. */
export const productT = (x, W) => W.map((row) => dot(row, x));
