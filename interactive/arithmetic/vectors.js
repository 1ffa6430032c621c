// Vectors are arrays of numbers, matrices arrays of rows. Row vectors, as in rnnbook: x W.

export const sigmoid = (a) => 0.5 * (1 + Math.tanh(a / 2));
export const zeros = (n) => new Array(n).fill(0);
export const add = (a, b) => a.map((a_k, k) => a_k + b[k]);
export const times = (a, b) => a.map((a_k, k) => a_k * b[k]);
export const scaled = (a, factor) => a.map((a_k) => factor * a_k);
export const dot = (a, b) => a.reduce((sum, a_k, k) => sum + a_k * b[k], 0);
export const length = (a) => Math.sqrt(dot(a, a));

/** The row vector x W. */
export function product(x, W) {
  const y = new Float64Array(W[0].length);
  for (let i = 0; i < x.length; i++) {
    const [x_i, row] = [x[i], W[i]];
    if (x_i === 0) continue;
    for (let j = 0; j < y.length; j++) y[j] += x_i * row[j];
  }
  return Array.from(y);
}

/** The row vector x Wᵀ. */
export const productT = (x, W) => W.map((row) => dot(row, x));
