// The network of the page "Translation": an encoder, a decoder, and attention between them, as in
// rnnbook/torch/seq2seq.py, for one text.
import { attend } from "./attention.js";
import * as gru from "./gru.js";
import { logSoftmax } from "./language_model.js";
import { add, product, zeros } from "./vectors.js";

export class Seq2Seq {
  constructor(weights) {
    const part = (name) => Object.fromEntries(Object.entries(weights)
      .filter(([key]) => key.startsWith(`${name}_`)).map(([key, array]) => [key.slice(name.length + 1), array]));
    Object.assign(this, Object.fromEntries(PARTS.map((name) => [name, part(name)])));
    this.embeddings = { source: weights.source_embedding, target: weights.target_embedding };
  }

  /** What the encoder leaves at each character, and the decoder's first state. */
  start(source) {
    const x = source.map((token) => this.embeddings.source[token]);
    const ahead = read(this.forward, x);
    const behind = read(this.backward, x.toReversed()).toReversed();
    const memory = ahead.map((h, t) => [...h, ...behind[t]]);
    const summary = [...ahead.at(-1), ...behind[0]];
    return { h: linear(this.bridge, summary).map(Math.tanh), memory };
  }

  /** After one more character: the log p of the next one, and the weights of the look at the text. */
  step(token, { h: h_prev, memory }) {
    const x = this.embeddings.target[token];
    const { h } = gru.cell(this.decoder, gru.inputProduct(this.decoder, x), h_prev);
    const { context, weights } = attend(this.attention, h, memory, memory);
    const combined = linear(this.combine, [...context, ...h]).map(Math.tanh);
    return { logProbs: logSoftmax(linear(this.output, combined)), state: { h, memory }, weights };
  }
}

const PARTS = ["forward", "backward", "bridge", "decoder", "attention", "combine", "output"];

const linear = ({ W, b }, x) => add(product(x, W), b);

/** The states of a GRU after each of its inputs. */
function read(params, x) {
  let h = zeros(params.W_h.length);
  return x.map((x_t) => (h = gru.cell(params, gru.inputProduct(params, x_t), h).h));
}
