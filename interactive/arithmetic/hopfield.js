// Hopfield's memory, as on the page "Two experiments of 1982 and 1990": patterns and states are rows
// of +1 and -1. With m_p = s · s_p, the input of unit k is (Σ_p s_pk m_p - P s_k) / n, so that no
// matrix is needed.
import { dot } from "./vectors.js";

/** -½ s W s for the weights that store the patterns. */
export function energy(patterns, overlaps, n) {
  return -0.5 * (dot(overlaps, overlaps) / n - patterns.length);
}

/** Let the units take their turns until none changes: which flipped when, and the energy. */
export function recall(patterns, start, orders) {
  const state = start.slice();
  const overlaps = patterns.map((pattern) => dot(pattern, state));
  const energies = [energy(patterns, overlaps, state.length)];
  const flips = [];
  for (const order of orders) {
    const before = flips.length;
    for (const k of order) {
      if (turn(patterns, overlaps, state, k)) flips.push({ unit: k, update: energies.length });
      energies.push(energy(patterns, overlaps, state.length));
    }
    if (flips.length === before) break;
  }
  return { end: state, overlaps, energies, flips };
}

/** Unit k takes the sign of its input; returns whether it changed. */
function turn(patterns, overlaps, state, k) {
  let input = -patterns.length * state[k];
  for (let p = 0; p < patterns.length; p++) input += patterns[p][k] * overlaps[p];
  const sign = input >= 0 ? 1 : -1;
  if (sign === state[k]) return false;
  state[k] = sign;
  for (let p = 0; p < patterns.length; p++) overlaps[p] += 2 * sign * patterns[p][k];
  return true;
}
