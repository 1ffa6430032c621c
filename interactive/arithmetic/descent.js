// Descent as in rnnbook/numpy/optim.py, for a few parameters in an array.
import { add, length, scaled, times } from "./vectors.js";

/** One step with momentum: the new parameters and the new velocity. */
export function sgdStep(p, gradient, velocity, rate, momentum = 0) {
  const v = add(scaled(velocity, momentum), gradient);
  return [add(p, scaled(v, -rate)), v];
}

/** A gradient that is not longer than the limit, in its direction. */
export function clipByNorm(gradient, limit) {
  const size = length(gradient);
  return size > limit ? scaled(gradient, limit / size) : gradient;
}

/** Each entry cut at the limit. */
export const clipByValue = (gradient, limit) => gradient.map((g) => Math.max(-limit, Math.min(limit, g)));

/** The path down a valley with these curvatures, from p. */
export function inValley(curvature, p, rate, momentum, steps) {
  const path = [p];
  let v = p.map(() => 0);
  for (let k = 0; k < steps; k++) {
    [p, v] = sgdStep(p, times(curvature, p), v, rate, momentum);
    path.push(p);
  }
  return path;
}

/** What a step multiplies the distance by in the end: the larger root of z² - (1 + μ - ηλ) z + μ. */
export function factor(curvature, rate, momentum) {
  const middle = (1 + momentum - rate * curvature) / 2;
  const inside = middle * middle - momentum;
  return inside < 0 ? Math.sqrt(momentum) : Math.abs(middle) + Math.sqrt(inside);
}
