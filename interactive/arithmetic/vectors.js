// Vectors are arrays of numbers, matrices arrays of rows. Row vectors, as in rnnbook: x W.

export const sigmoid = (a) => 0.5 * (1 + Math.tanh(a / 2));
export const zeros = (n) => new Array(n).fill(0);
export const add = (a, b) => a.map((a_k, k) => a_k + b[k]);
export const times = (a, b) => a.map((a_k, k) => a_k * b[k]);
export const scaled = (a, factor) => a.map((a_k) => factor * a_k);
export const length = (a) => Math.sqrt(dot(a, a));

/** Four sums that need not wait for each other: three times as fast as one. */
export function dot(a, b) {
  let p = 0, q = 0, r = 0, s = 0, k = 0;
  for (const last = a.length - 3; k < last; k += 4) {
    p += a[k] * b[k];
    q += a[k + 1] * b[k + 1];
    r += a[k + 2] * b[k + 2];
    s += a[k + 3] * b[k + 3];
  }
  for (; k < a.length; k++) p += a[k] * b[k];
  return p + q + r + s;
}

/** The row vector x W: four rows at once, since reading and writing y takes most of the time. */
export function product(x, W) {
  const n = W[0].length;
  const y = new Float64Array(n);
  const nothing = new Float64Array(n);
  for (let i = 0; i < x.length; i += 4) {
    const [a, b, c, d] = [W[i], W[i + 1] ?? nothing, W[i + 2] ?? nothing, W[i + 3] ?? nothing];
    const [x_a, x_b, x_c, x_d] = [x[i], x[i + 1] ?? 0, x[i + 2] ?? 0, x[i + 3] ?? 0];
    for (let j = 0; j < n; j++) y[j] += (x_a * a[j] + x_b * b[j]) + (x_c * c[j] + x_d * d[j]);
  }
  return Array.from(y);
}

/** The row vector x Wᵀ. */
export const productT = (x, W) => W.map((row) => dot(row, x));
