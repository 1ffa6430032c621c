// A network that writes, with dice: what it expected, what was drawn from, what came.
import { draw, keepTopK, keepTopP, ranked, sharpen } from "../arithmetic/decoding.js";
import { LanguageModel } from "../arithmetic/language_model.js";
import { unpack } from "../frame/data.js";

const KNOWN = 500_000; // numbers that are remembered

export class Writer {
  constructor({ weights, forbidden, ...given }) {
    Object.assign(this, given);
    const unpacked = Object.entries(weights).map(([name, one]) => [name, unpack(one)]);
    const never = forbidden.map((token) => this.tokens.indexOf(token));
    this.network = new LanguageModel(Object.fromEntries(unpacked), never);
    this.known = new Map();
  }

  /** The tokens that some dice give, the costs of each in bits, and both distributions at each place. */
  write(how, thrown) {
    if (this.known.size * this.tokens.length > KNOWN) this.known.clear();
    const found = { written: [], bits: [], models: [], changes: [] };
    let [beginning, guess] = ["", { h: this.network.start }];
    const read = (token) => {
      beginning += String.fromCharCode(token + 1);
      guess = this.next(beginning, token, guess.h);
    };
    this.prompt.forEach(read);
    for (const number of thrown) {
      const changed = change(guess, how);
      const token = draw(changed, number, guess.order);
      found.written.push(token);
      found.bits.push(-guess.logProbs[token] / Math.LN2);
      found.models.push(guess.logProbs);
      found.changes.push(changed);
      read(token);
    }
    return found;
  }

  /** What the network expects after a beginning, each of which is read once. */
  next(beginning, token, h) {
    if (!this.known.has(beginning)) {
      const made = this.network.step(token, h);
      this.known.set(beginning, { ...made, order: ranked(made.logProbs) });
    }
    return this.known.get(beginning);
  }
}

/** What is drawn from; no change of these changes the order. */
function change({ logProbs, order }, { temperature, topK, topP }) {
  return keepTopP(keepTopK(sharpen(logProbs, temperature), topK, order), topP, order);
}
