// Gated recurrent unit, one sequence: the equations of rnnbook/numpy/gru.py, in their order.
// params: W_x (D rows of 3H), W_h (H rows of 3H), b_x and b_h (3H), gates in the order r, z, n.
import { add, product, sigmoid, times } from "./vectors.js";

/** One step: what comes in, multiplied already, and the old state give the new one and its gates. */
export function cell(params, a_x, h_prev) {
  const a_h = add(product(h_prev, params.W_h), params.b_h);
  const [[a_xr, a_xz, a_xn], [a_hr, a_hz, a_hn]] = [blocks(a_x), blocks(a_h)];
  const r = add(a_xr, a_hr).map(sigmoid);
  const z = add(a_xz, a_hz).map(sigmoid);
  const n = add(a_xn, times(r, a_hn)).map(Math.tanh);
  return { ...blend(z, n, h_prev), r, z };
}

/** The candidate and the old state in the shares of the update gate. */
export function blend(z, n, h_prev) {
  const h = n.map((n_k, k) => (1 - z[k]) * n_k + z[k] * h_prev[k]);
  return { n, h };
}

export function inputProduct(params, x_t) {
  const a_x = add(product(x_t, params.W_x), params.b_x);
  return a_x;
}

function blocks(a) {
  const H = a.length / 3;
  return [0, 1, 2].map((k) => a.slice(k * H, (k + 1) * H));
}
