// Attention with the general score, one query: the equations of rnnbook/numpy/attention.py.
import { logSoftmax } from "./language_model.js";
import { dot, product } from "./vectors.js";

/** The weighted mean of the values, and the weights: a softmax of q W kᵀ. */
export function attend({ W }, query, keys, values) {
  const q_W = product(query, W);
  const scores = keys.map((key) => dot(q_W, key));
  const weights = logSoftmax(scores).map(Math.exp);
  const context = product(weights, values);
  return { context, weights };
}
