// Dice that any language throws alike: the generator of Park and Miller.

/** A function that returns the next number from 0 to 1. */
export function dice(seed, { factor, modulus }) {
  let x = seed;
  const next = () => (x = (factor * x) % modulus) / modulus;
  for (let k = 0; k < 10; k++) next(); // the first ones are small where `seed` is
  return next;
}
