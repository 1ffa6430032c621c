// The Viterbi algorithm, as in rnnbook/numpy/crf.py, for one sequence.

/** For each word and tag the best score of a beginning that ends so, and the tag before it. */
export function viterbi(emissions, transitions) {
  const best = [emissions[0]];
  const cameFrom = [null];
  for (const scores of emissions.slice(1)) {
    const reached = scores.map((_, k) => best.at(-1).map((score, j) => score + transitions[j][k]));
    cameFrom.push(reached.map(greatest));
    best.push(reached.map((row, k) => Math.max(...row) + scores[k]));
  }
  return { best, cameFrom };
}

/** The best tags up to word t, found from their end. */
export function wayBack({ best, cameFrom }, t) {
  const way = [greatest(best[t])];
  for (let at = t; at > 0; at--) way.unshift(cameFrom[at][way[0]]);
  return way;
}

/** Where the largest value stands; of equals the first. */
const greatest = (values) => values.indexOf(Math.max(...values));
