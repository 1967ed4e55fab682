/* Orthonormal FFTs of square complex images whose side is a power of two, in float64 (steerlens/transforms/fft.py). */
"use strict";

globalThis.Steerlens = globalThis.Steerlens || {};

(function (Steerlens) {
  /** @typedef {{re: Float64Array, im: Float64Array}} Plane  A complex image, row by row. */

  const PLANS = new Map();

  /** What a side of n pixels needs: bit-reversed order and exp(-2 pi i j / n). */
  function plan(n) {
    if (!PLANS.has(n)) {
      const order = new Uint16Array(n);
      for (let j = 1; j < n; j++) order[j] = (order[j >> 1] >> 1) | (j & 1 ? n >> 1 : 0);
      const cos = Float64Array.from({ length: n / 2 }, (_, j) => Math.cos((2 * Math.PI * j) / n));
      const sin = Float64Array.from({ length: n / 2 }, (_, j) => -Math.sin((2 * Math.PI * j) / n));
      PLANS.set(n, { order, cos, sin });
    }
    return PLANS.get(n);
  }

  /** Swaps the n lines of a plane into bit-reversed order; a line's entries stand `along` apart. */
  function reorder(values, n, order, across, along) {
    for (let j = 0; j < n; j++) {
      const k = order[j];
      if (k <= j) continue;
      for (let i = 0, a = j * across, b = k * across; i < n; i++, a += along, b += along) {
        const kept = values[a];
        values[a] = values[b];
        values[b] = kept;
      }
    }
  }

  /** One-dimensional transforms of a plane across its lines, all of them together. */
  function transformAcross(re, im, n, sign, across, along) {
    const { order, cos, sin } = plan(n);
    reorder(re, n, order, across, along);
    reorder(im, n, order, across, along);
    for (let half = 1; half < n; half *= 2) {
      for (let j = 0; j < half; j++) {
        const c = cos[(j * n) / (2 * half)], s = sign * sin[(j * n) / (2 * half)];
        for (let first = j; first < n; first += 2 * half) {
          let a = first * across, b = (first + half) * across;
          for (let i = 0; i < n; i++, a += along, b += along) {
            const x = re[b] * c - im[b] * s, y = re[b] * s + im[b] * c;
            re[b] = re[a] - x;
            im[b] = im[a] - y;
            re[a] += x;
            im[a] += y;
          }
        }
      }
    }
  }

  function transform(plane, n, sign) {
    const { re, im } = plane;
    transformAcross(re, im, n, sign, n, 1);
    transformAcross(re, im, n, sign, 1, n);
    for (let i = 0; i < n * n; i++) {
      re[i] /= n;
      im[i] /= n;
    }
    return plane;
  }

  /** @param {number} n @returns {Plane} A black n x n plane. */
  Steerlens.plane = (n) => ({ re: new Float64Array(n * n), im: new Float64Array(n * n) });

  /** The spectrum of an n x n plane, in place. @param {Plane} plane @param {number} n */
  Steerlens.fft2 = (plane, n) => transform(plane, n, 1);

  /** The plane of a spectrum, in place. @param {Plane} plane @param {number} n */
  Steerlens.ifft2 = (plane, n) => transform(plane, n, -1);
})(globalThis.Steerlens);
