// Long short-term memory, one sequence: the equations of rnnbook/numpy/lstm.py, in their order.
// params: W_x (D rows of 4H), W_h (H rows of 4H), b (4H), gates in the order i, f, g, o.
import { add, product, productT, sigmoid, times, zeros } from "./vectors.js";

/** All steps of x (T rows of D) from a state (h, c); the cache is what `backward` needs. */
export function forward(params, x, state = null) {
  const H = params.W_h.length;
  let [h, c] = state ?? [zeros(H), zeros(H)];
  const cache = { x, h: [h], c: [c], gates: [] };
  for (const x_t of x) {
    const a_x = add(product(x_t, params.W_x), params.b);
    const made = cell(params, a_x, h, c);
    [h, c] = [made.h, made.c];
    cache.h.push(h);
    cache.c.push(c);
    cache.gates.push(made.gates);
  }
  return { hs: cache.h.slice(1), state: [h, c], cache };
}

/** From the gradients at the outputs, dhs (T rows of H): those of every gate, cell, output, input. */
export function backward(params, cache, dhs) {
  const H = params.W_h.length;
  const found = { dh: [], dc: [], dgates: [], dx: [] };
  let [dh, dc] = [zeros(H), zeros(H)];
  for (let t = cache.x.length - 1; t >= 0; t--) {
    const made = cellBackward(params, cache.gates[t], cache.c[t], cache.c[t + 1], add(dh, dhs[t]), dc);
    found.dh.unshift(add(dh, dhs[t]));
    found.dc.unshift(made.dc);
    found.dgates.unshift(made.dgates);
    found.dx.unshift(productT(made.da, params.W_x));
    [dh, dc] = [made.dh_prev, made.dc_prev];
  }
  return { ...found, dstate: [dh, dc] };
}

function cell(params, a_x, h_prev, c_prev) {
  const a = add(a_x, product(h_prev, params.W_h));
  const [a_i, a_f, a_g, a_o] = blocks(a);
  const i = a_i.map(sigmoid);
  const f = a_f.map(sigmoid);
  const g = a_g.map(Math.tanh);
  const c = add(times(f, c_prev), times(i, g));
  const o = a_o.map(sigmoid);
  const h = times(o, c.map(Math.tanh));
  return { h, c, gates: { i, f, g, o } };
}

function cellBackward(params, { i, f, g, o }, c_prev, c, dh, dc_next) {
  const tanh_c = c.map(Math.tanh);
  const d_o = times(dh, tanh_c);
  const da_o = times(d_o, o.map(slope));
  const dc = add(dc_next, times(times(dh, o), tanh_c.map(tanhSlope)));
  const dg = times(dc, i);
  const da_g = times(dg, g.map(tanhSlope));
  const df = times(dc, c_prev);
  const da_f = times(df, f.map(slope));
  const di = times(dc, g);
  const da_i = times(di, i.map(slope));
  const dc_prev = times(dc, f);
  const da = [...da_i, ...da_f, ...da_g, ...da_o];
  const dh_prev = productT(da, params.W_h);
  return { da, dc, dgates: { i: di, f: df, g: dg, o: d_o }, dh_prev, dc_prev };
}

const slope = (gate) => gate * (1 - gate); // of the sigmoid, from its value
const tanhSlope = (value) => 1 - value * value;

function blocks(a) {
  const H = a.length / 4;
  return [0, 1, 2, 3].map((k) => a.slice(k * H, (k + 1) * H));
}
