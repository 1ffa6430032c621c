// Distributions of the next token as log-probabilities, as in rnnbook.text.decoding. `order` has the
// tokens, the most probable first: where many are changed in turn, it is found once.
import { logSoftmax } from "./language_model.js";

/** p^(1 / temperature), normalised. */
export const sharpen = (logProbs, temperature) => logSoftmax(logProbs.map((value) => value / temperature));

/** The tokens, the most probable first; of equals, to 1e-9, the first in the list. Each value and its
 *  token make one whole number: numbers alone are sorted four times as fast as by a function. */
export function ranked(logProbs) {
  const count = logProbs.length;
  const keys = new Float64Array(count);
  for (let k = 0; k < count; k++) keys[k] = Math.round(1e9 * Math.min(-logProbs[k], 1000)) * count + k;
  keys.sort();
  const order = new Array(count);
  for (let k = 0; k < count; k++) order[k] = keys[k] - count * Math.floor(keys[k] / count);
  return order;
}

/** Only the k most probable tokens. */
export function keepTopK(logProbs, k, order = ranked(logProbs)) {
  return k >= logProbs.length ? logProbs : keep(logProbs, order.slice(0, k));
}

/** Only the nucleus: the smallest set of most probable tokens whose probabilities sum to p or more. */
export function keepTopP(logProbs, p, order = ranked(logProbs)) {
  if (p === 1) return logProbs;
  let [before, count] = [0, 0];
  while (count < order.length && before < p) before += Math.exp(logProbs[order[count++]]);
  return keep(logProbs, order.slice(0, count));
}

function keep(logProbs, tokens) {
  const kept = new Set(tokens);
  return logSoftmax(logProbs.map((value, k) => (kept.has(k) ? value : -Infinity)));
}

/** Where a number from 0 to 1 falls when the probabilities lie side by side, the largest first. */
export function draw(logProbs, number, order = ranked(logProbs)) {
  let sum = 0;
  return order.find((token) => (sum += Math.exp(logProbs[token])) > number) ?? order[0];
}
