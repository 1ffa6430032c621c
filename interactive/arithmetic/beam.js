// Beam search, as in rnnbook/text/_beam.py without a length penalty: beginnings are { tokens, logP }.

/** The best texts found, those that ended first, and the beginnings that were kept at each step.
 *  `step(token, state)` gives { logProbs, state } for what follows. */
export function beamSearch(step, state, start, { width, steps, end }) {
  const levels = [];
  let live = [{ tokens: [], logP: 0, last: start, state }];
  let finished = [];
  for (let length = 1; length <= steps; length++) {
    const grown = live.flatMap((beginning) => grow(step, beginning));
    const ended = grown.filter(({ last }) => last === end).map(({ tokens, logP }) => ({ tokens: tokens.slice(0, -1), logP }));
    finished = best([...finished, ...ended], width);
    live = best(grown.filter(({ last }) => last !== end), width);
    if (finished.length === width && live.every(({ logP }) => logP <= finished.at(-1).logP)) return { found: finished, levels };
    if (length < steps) levels.push(live);
  }
  return { found: [...finished, ...live].slice(0, width), levels };
}

/** A beginning with each token that may follow. */
function grow(step, { tokens, logP, last, state }) {
  const next = step(last, state);
  return next.logProbs.map((value, token) => ({ tokens: [...tokens, token], logP: logP + value, last: token, state: next.state }));
}

/** The most probable ones; of equals the first. */
const best = (all, width) => all.toSorted((a, b) => b.logP - a.logP).slice(0, width);
