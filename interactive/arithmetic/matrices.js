// What a matrix does at most.
import { dot, zeros } from "./vectors.js";

export const identity = (n) => Array.from({ length: n }, (_, i) => zeros(n).map((_, j) => Number(i === j)));

/** The natural logarithm of the spectral norm: the most that a matrix lengthens a vector. */
export function logNorm(A) {
  const largest = Math.max(...A.map((row) => Math.max(...row.map(Math.abs))));
  if (largest === 0) return -Infinity;
  const scaled = A.map((row) => row.map((value) => value / largest));
  const gram = scaled.map((row) => scaled.map((other) => dot(row, other)));
  return Math.log(largest) + Math.log(largestEigenvalue(gram)) / 2;
}

/** The largest eigenvalue of a symmetric matrix, by bisection on its tridiagonal form. */
export function largestEigenvalue(S) {
  const { diagonal, beside } = tridiagonal(S);
  const reach = diagonal.map((d, i) => Math.abs(d) + Math.abs(beside[i] ?? 0) + Math.abs(beside[i - 1] ?? 0));
  let [low, high] = [-Math.max(...reach), Math.max(...reach)];
  for (let k = 0; k < 60; k++) {
    const middle = (low + high) / 2;
    if (allBelow(diagonal, beside, middle)) high = middle; else low = middle;
  }
  return high;
}

/** Whether all eigenvalues are below x: then elimination of T - x I leaves negative pivots only. */
function allBelow(diagonal, beside, x) {
  let pivot = 1;
  for (let i = 0; i < diagonal.length; i++) {
    pivot = diagonal[i] - x - (i ? beside[i - 1] ** 2 / pivot : 0);
    if (pivot >= 0) return false;
  }
  return true;
}

/** A tridiagonal matrix with the same eigenvalues, by Householder's reflections. */
function tridiagonal(S) {
  const n = S.length;
  const A = S.map((row) => row.slice());
  for (let k = 0; k < n - 2; k++) {
    const below = A.slice(k + 1).map((row) => row[k]);
    const size = Math.sqrt(dot(below, below));
    if (size === 0) continue;
    const v = below.slice();
    v[0] += v[0] < 0 ? -size : size;
    const vv = dot(v, v);
    const p = v.map((_, i) => (2 / vv) * v.reduce((sum, v_j, j) => sum + A[k + 1 + i][k + 1 + j] * v_j, 0));
    const half = dot(p, v) / vv;
    const w = p.map((p_i, i) => p_i - half * v[i]);
    v.forEach((v_i, i) => v.forEach((v_j, j) => { A[k + 1 + i][k + 1 + j] -= v_i * w[j] + w[i] * v_j; }));
    A[k + 1][k] = v[0] > 0 ? -size : size;
  }
  const diagonal = A.map((row, i) => row[i]);
  const beside = A.slice(1).map((row, i) => row[i]);
  return { diagonal, beside };
}
