// The network of the page "Let it write": a GRU between an embedding and its transpose.
import * as gru from "./gru.js";
import { add, product, productT, zeros } from "./vectors.js";

export class LanguageModel {
  /** The probability of `forbidden` tokens goes to the others. */
  constructor(weights, forbidden = []) {
    Object.assign(this, { weights, forbidden });
    this.gru = Object.fromEntries(["W_x", "W_h", "b_x", "b_h"].map((name) => [name, weights[`gru_${name}`]]));
    this.inputs = new Map(); // W_x times the embedding of each token that came
    this.start = zeros(this.gru.W_h.length);
  }

  /** log p of the token after this one, and the new state. */
  step(token, h_prev) {
    const { embedding, projection_W, projection_b, bias } = this.weights;
    if (!this.inputs.has(token)) this.inputs.set(token, gru.inputProduct(this.gru, embedding[token]));
    const { h } = gru.cell(this.gru, this.inputs.get(token), h_prev);
    const e = add(product(h, projection_W), projection_b);
    const logits = add(productT(e, embedding), bias);
    for (const k of this.forbidden) logits[k] = -Infinity;
    return { h, logProbs: logSoftmax(logits) };
  }
}

export function logSoftmax(logits) {
  const largest = Math.max(...logits);
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - largest);
  const logTotal = largest + Math.log(total);
  return logits.map((logit) => logit - logTotal);
}
