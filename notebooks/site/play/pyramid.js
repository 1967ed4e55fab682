/* The complex steerable pyramid of square images, a tight frame (steerlens/transforms/masks.py and pyramid.py). */
"use strict";

(function (Steerlens) {
  const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
  const octave = (radius) => clamp(Math.log2(radius) + 1, 0, 1);
  const lowpassMask = (radius) => Math.cos((Math.PI / 2) * octave(radius));
  const highpassMask = (radius) => Math.sin((Math.PI / 2) * octave(radius));
  const bandpassMask = (radius, scale) => lowpassMask(2 ** scale * radius) * highpassMask(2 ** (scale + 1) * radius);
  const factorial = (n) => (n < 2 ? 1 : n * factorial(n - 1));

  /** sqrt(2 c) cos(angle - pi b / n)^(n-1) in the half-plane of orientation b of n, 0 elsewhere. */
  function angularMask(angle, orientation, orientations) {
    const order = orientations - 1;
    const c = (4 ** order * factorial(order) ** 2) / (orientations * factorial(2 * order));
    const turned = Math.PI - (angle - (Math.PI * orientation) / orientations);
    const offset = Math.PI - (turned - 2 * Math.PI * Math.floor(turned / (2 * Math.PI)));
    if (offset <= -Math.PI / 2 || offset > Math.PI / 2) return 0;
    return Math.sqrt(2 * c) * Math.cos(offset) ** order;
  }

  /** Index of a frequency of an FFT of `kept` samples in one of `full` samples. */
  const finer = (j, kept, full) => (j < kept / 2 ? j : j + full - kept);

  /** A function of radius (1 is Nyquist's frequency) and angle, at the `kept` lowest frequencies of an n x n image. */
  function onGrid(n, kept, value) {
    const mask = new Float64Array(kept * kept);
    const frequency = (j) => (2 * (j < kept / 2 ? j : j - kept)) / n;
    for (let y = 0; y < kept; y++) {
      for (let x = 0; x < kept; x++) {
        const v = frequency(y), u = frequency(x);
        mask[y * kept + x] = value(Math.hypot(v, u), Math.atan2(v, u));
      }
    }
    return mask;
  }

  /** Multiplies a plane by i^quarters. */
  function quarterTurns(plane, quarters) {
    const turns = ((quarters % 4) + 4) % 4;
    for (let t = 0; t < turns; t++) {
      for (let i = 0; i < plane.re.length; i++) {
        const kept = plane.re[i];
        plane.re[i] = -plane.im[i];
        plane.im[i] = kept;
      }
    }
    return plane;
  }

  /**
   * The coefficients of one image: bands[scale][orientation], complex, finest scale first, and two real residuals.
   * @typedef {{bands: {re: Float64Array, im: Float64Array}[][], highpass: Float64Array, lowpass: Float64Array}} Coefficients
   */

  class SteerablePyramid {
    /**
     * @param {number} size  Side of the images, a power of two.
     * @param {number} scales
     * @param {number} orientations
     */
    constructor(size, scales = 3, orientations = 4) {
      Object.assign(this, { size, scales, orientations });
      this.sizes = Array.from({ length: scales + 1 }, (_, scale) => size >> scale);
      this.highpassMask = onGrid(size, size, (radius) => highpassMask(radius));
      this.lowpassMask = onGrid(size, this.sizes[scales], (radius) => lowpassMask(2 ** scales * radius));
      this.bandMasks = this.sizes.slice(0, scales).map((kept, scale) =>
        Array.from({ length: orientations }, (_, b) =>
          onGrid(size, kept, (radius, angle) => bandpassMask(radius, scale) * angularMask(angle, b, orientations))));
    }

    /** @param {Float64Array} image @returns {Coefficients} */
    analyze(image) {
      const spectrum = Steerlens.plane(this.size);
      spectrum.re.set(image);
      Steerlens.fft2(spectrum, this.size);
      // (-i)^(n-1) makes each band the analytic signal of a directional derivative of order n - 1.
      const bands = this.bandMasks.map((masks, scale) =>
        masks.map((mask) => quarterTurns(this._part(spectrum, mask, this.sizes[scale]), 1 - this.orientations)));
      const highpass = this._part(spectrum, this.highpassMask, this.size).re;
      const lowpass = this._part(spectrum, this.lowpassMask, this.sizes[this.scales]).re;
      return { bands, highpass, lowpass };
    }

    /** The masked low frequencies of a spectrum, as a plane. */
    _part(spectrum, mask, kept) {
      const part = Steerlens.plane(kept);
      for (let y = 0, i = 0; y < kept; y++) {
        const row = finer(y, kept, this.size) * this.size;
        for (let x = 0; x < kept; x++, i++) {
          const at = row + finer(x, kept, this.size);
          part.re[i] = spectrum.re[at] * mask[i];
          part.im[i] = spectrum.im[at] * mask[i];
        }
      }
      return Steerlens.ifft2(part, kept);
    }

    /**
     * The image of coefficients, the adjoint of analyze. What is missing (null) counts as zeros; planes are not changed.
     * @param {Coefficients} coefficients @returns {Float64Array}
     */
    synthesize({ bands, highpass, lowpass }) {
      const spectrum = Steerlens.plane(this.size);
      bands.forEach((planes, scale) => planes.forEach((band, b) => {
        if (band) this._add(spectrum, band.re, band.im, this.bandMasks[scale][b], this.sizes[scale], this.orientations - 1);
      }));
      if (highpass) this._add(spectrum, highpass, null, this.highpassMask, this.size, 0);
      if (lowpass) this._add(spectrum, lowpass, null, this.lowpassMask, this.sizes[this.scales], 0);
      return Steerlens.ifft2(spectrum, this.size).re;
    }

    /** Adds what one part contributes to a spectrum. */
    _add(spectrum, re, im, mask, kept, quarters) {
      const part = { re: re.slice(), im: im ? im.slice() : new Float64Array(re.length) };
      quarterTurns(Steerlens.fft2(part, kept), quarters);
      for (let y = 0, i = 0; y < kept; y++) {
        const row = finer(y, kept, this.size) * this.size;
        for (let x = 0; x < kept; x++, i++) {
          const at = row + finer(x, kept, this.size);
          spectrum.re[at] += part.re[i] * mask[i];
          spectrum.im[at] += part.im[i] * mask[i];
        }
      }
    }
  }

  Steerlens.SteerablePyramid = SteerablePyramid;
})(globalThis.Steerlens);
