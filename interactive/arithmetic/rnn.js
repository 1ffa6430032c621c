// A plain recurrent network, one sequence: the equations of rnnbook/numpy/rnn.py, in their order.
// params: W_x (D rows of H), W_h (H rows of H), b (H).
import { add, product, productT, times, zeros } from "./vectors.js";

export const ACTIVATIONS = { tanh: Math.tanh, relu: (a) => Math.max(a, 0), linear: (a) => a };
export const DERIVATIVES = { tanh: (h) => 1 - h * h, relu: (h) => Number(h > 0), linear: () => 1 };

/** All steps of x (T rows of D) from a state; where the mask is false the state is kept. */
export function forward(params, x, { state = zeros(params.b.length), mask = null, activation = "tanh" } = {}) {
  const h = [state];
  const hs = x.map((x_t, t) => {
    const counts = mask === null || mask[t];
    const h_t = counts ? cell(params, x_t, h[t], ACTIVATIONS[activation]) : h[t];
    h.push(h_t);
    return counts ? h_t : zeros(h_t.length);
  });
  return { hs, state: h.at(-1), h };
}

function cell(params, x_t, h_prev, phi) {
  const a_x = add(product(x_t, params.W_x), params.b);
  const a = add(a_x, product(h_prev, params.W_h));
  const h = a.map(phi);
  return h;
}

/** The gradients dh (rows of H) one step back: each times the Jacobian of the step that made h. */
export function back(params, h, dhs, activation = "tanh") {
  const slopes = h.map(DERIVATIVES[activation]);
  return dhs.map((dh) => productT(times(dh, slopes), params.W_h));
}
