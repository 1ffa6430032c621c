// Counting as a language model, as in rnnbook/text/ngrams.py: p(w | u) for every w at once, with
// three discounts for each length of the context u. It counts in the text itself, when it is asked.

export class KneserNey {
  /** `text` has an `end` after each piece; `discounts` has three for contexts of 0, 1, ... tokens. */
  constructor({ text, end, tokens, discounts }) {
    Object.assign(this, { text, end, tokens, discounts, found: new Map() });
    this.ids = new Map(tokens.map((token, k) => [token, k]));
  }

  /** The probabilities of all tokens after what was read, by its last tokens. */
  probs(read) {
    const most = Math.min(this.discounts.length - 1, read.length);
    let p = this.tokens.map(() => 1 / this.tokens.length);
    for (let length = 0; length <= most; length++) {
      const context = read.slice(read.length - length);
      if (!this.found.has(context)) this.found.set(context, this.after(context, p));
      const known = this.found.get(context);
      if (known === null) break; // nor was any longer context seen
      p = known;
    }
    return p;
  }

  /** The counts after a context, less their discounts, which the shorter context shares out. */
  after(context, shorter) {
    const counts = this.count(context);
    const total = counts.reduce((sum, c) => sum + c, 0);
    if (total === 0) return null;
    const off = [0, ...this.discounts[context.length]];
    const taken = counts.reduce((sum, c) => sum + off[Math.min(c, 3)], 0);
    return counts.map((c, k) => (c - off[Math.min(c, 3)] + taken * shorter[k]) / total);
  }

  /** How often each token followed; after a shorter context, after how many different ones before it. */
  count(context) {
    const { text, end, ids } = this;
    const counts = this.tokens.map(() => 0);
    const isLongest = context.length === this.discounts.length - 1;
    const seen = new Set();
    for (let at = text.indexOf(context); at >= 0 && at < text.length; at = text.indexOf(context, at + 1)) {
      const [before, next] = [text[at - 1] ?? end, text[at + context.length] ?? end];
      if (next === end || (!isLongest && before === end)) continue;
      if (!isLongest && seen.size === seen.add(before + next).size) continue;
      counts[ids.get(next)] += 1;
    }
    return counts;
  }
}
