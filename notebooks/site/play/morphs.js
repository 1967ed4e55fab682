/* Morphs of 28 x 28 digits (steerlens/morphs): live, a new gradient at every step, or frozen, one gradient magnified. */
"use strict";

(function (Steerlens) {
  const FAINTEST = 2 ** -126 / 2 ** -23; // gradients below it are no longer scaled up to the cap (steps.py)
  const TINY = 2 ** -1022;
  const LARGEST_GAIN = 1e30;
  const DISTANCE_TOLERANCE = 5e-4;
  const PYRAMID = new Steerlens.SteerablePyramid(32, 3, 4);

  /**
   * @typedef {object} Settings
   * @property {number} target  The class that is asked for.
   * @property {"live" | "frozen"} regime
   * @property {"phase" | "joint"} direction  Phases alone, or phases and amplitudes.
   * @property {number} cap  Largest change of a live step, in radians or log-amplitude.
   * @property {number} alpha  Factor on the gradient of a frozen morph.
   * @property {boolean[]} bands  Which may move: scale by scale, four orientations each, finest first.
   * @property {"linear" | "fixed"} lowpass  Whether the low-pass moves.
   */

  /** dL/dlogits of L = log p(target) = log sigmoid(logit - logsumexp of the others), whose factor 1 - p stays exact. */
  function scoreGradient(logits, target) {
    const others = logits.map((value, i) => (i === target ? -Infinity : value));
    const shares = Steerlens.softmax(others), top = Math.max(...others);
    const rivals = top + Math.log(others.reduce((sum, value) => sum + Math.exp(value - top), 0));
    const missing = 1 / (1 + Math.exp(logits[target] - rivals));
    return shares.map((share, i) => missing * (i === target ? 1 : -share));
  }

  /** dL/dS* of the bands that may move (Eq. 3; the gradient's analysis, halved) and dL/dr of the low-pass. */
  function coefficientGradient(network, logits, settings) {
    const gradient = network.imageGradient(scoreGradient(logits, settings.target));
    const { bands, lowpass } = PYRAMID.analyze(Steerlens.padded(gradient));
    bands.forEach((planes, scale) => planes.forEach((band, b) => {
      if (!settings.bands[scale * 4 + b]) planes[b] = null;
      else for (let i = 0; i < band.re.length; i++) { band.re[i] *= 0.5; band.im[i] *= 0.5; }
    }));
    return { bands, lowpass: settings.lowpass === "linear" ? lowpass : null };
  }

  /** Calls a function for each band that may move: its coefficients S, its gradient g, scale and orientation. */
  function eachBand(at, uphill, visit) {
    uphill.bands.forEach((planes, scale) => planes.forEach((g, b) => {
      if (g) visit(at.bands[scale][b], g, scale, b);
    }));
  }

  /** S* g of each entry: its imaginary part alone, or all of it, divided by |S|. The largest modulus is returned. */
  function ascend(S, g, joint) {
    let peak = 0;
    for (let i = 0; i < S.re.length; i++) {
      const re = S.re[i] * g.re[i] + S.im[i] * g.im[i], im = S.re[i] * g.im[i] - S.im[i] * g.re[i];
      const square = S.re[i] * S.re[i] + S.im[i] * S.im[i];
      const inverse = joint ? (square >= TINY ? 1 / Math.sqrt(square) : 0) : 1;
      g.re[i] = joint ? re * inverse : 0;
      g.im[i] = im * inverse;
      peak = Math.max(peak, joint ? Math.hypot(g.re[i], g.im[i]) : Math.abs(g.im[i]));
    }
    return peak;
  }

  /** What turns a largest modulus into the cap; nothing is left of a gradient that is too faint. */
  const toCap = (peak, cap) => (peak >= FAINTEST ? cap / peak : 0);

  /** S (exp(w) - 1) of each entry, in the place of the increments w = log-amplitude + i phase. */
  function moveBand(S, w, factor) {
    for (let i = 0; i < S.re.length; i++) {
      const gain = Math.exp(w.re[i] * factor), phase = w.im[i] * factor;
      const re = gain * Math.cos(phase) - 1, im = gain * Math.sin(phase);
      w.re[i] = S.re[i] * re - S.im[i] * im;
      w.im[i] = S.re[i] * im + S.im[i] * re;
    }
  }

  /** The image, changed by what a change of its coefficients is worth, clipped to [0, 1]. */
  function changed(image, change) {
    const by = Steerlens.cropped(PYRAMID.synthesize({ bands: change.bands, highpass: null, lowpass: change.lowpass }));
    return by.map((value, i) => Math.min(1, Math.max(0, image[i] + value)));
  }

  /** One live step uphill (steps.ascent_increments and moved). */
  function liveStep(network, image, logits, settings) {
    const change = coefficientGradient(network, logits, settings), at = PYRAMID.analyze(Steerlens.padded(image));
    let peak = 0;
    eachBand(at, change, (S, g) => { peak = Math.max(peak, ascend(S, g, settings.direction === "joint")); });
    eachBand(at, change, (S, w) => moveBand(S, w, toCap(peak, settings.cap)));
    if (change.lowpass) {
      const factor = toCap(change.lowpass.reduce((most, value) => Math.max(most, Math.abs(value)), 0), settings.cap);
      change.lowpass = change.lowpass.map((value) => value * factor);
    }
    return changed(image, change);
  }

  /** arg z and |z| - 1 of z = 1 + alpha g / S (Eq. 6, 8, 9), in the place of g. */
  function pace(S, g, alpha) {
    for (let i = 0; i < S.re.length; i++) {
      const re = S.re[i] + alpha * g.re[i], im = S.im[i] + alpha * g.im[i], modulus = Math.hypot(S.re[i], S.im[i]);
      g.im[i] = Math.atan2(im * S.re[i] - re * S.im[i], re * S.re[i] + im * S.im[i]);
      g.re[i] = modulus > Math.sqrt(TINY) ? Math.hypot(re, im) / modulus - 1 : 0;
    }
  }

  /** The images of a frozen morph at any k (Eq. 10, 11): S_k = A_k exp(i (Phi_0 + k arg z)). */
  class FrozenPath {
    constructor(network, image, logits, settings) {
      Object.assign(this, { image, settings, at: PYRAMID.analyze(Steerlens.padded(image)) });
      this.pace = coefficientGradient(network, logits, settings);
      eachBand(this.at, this.pace, (S, g) => pace(S, g, settings.alpha));
    }

    /** @param {number} k */
    render(k) {
      const bands = this.pace.bands.map((planes) => planes.map(() => null));
      eachBand(this.at, this.pace, (S, z, scale, b) => { bands[scale][b] = this._turned(S, z, k); });
      const lowpass = this.pace.lowpass && this.pace.lowpass.map((slope) => k * this.settings.alpha * slope);
      return changed(this.image, { bands, lowpass });
    }

    /** S_k - S_0 of one band; with amplitudes, A_k = (1 + k (|z| - 1)) A_0, never negative (Appendix B). */
    _turned(S, z, k) {
      const joint = this.settings.direction === "joint", turned = { re: new Float64Array(S.re.length), im: new Float64Array(S.re.length) };
      for (let i = 0; i < S.re.length; i++) {
        const gain = joint ? Math.min(LARGEST_GAIN, Math.max(0, 1 + k * z.re[i])) : 1;
        const re = gain * Math.cos(k * z.im[i]) - 1, im = gain * Math.sin(k * z.im[i]);
        turned.re[i] = S.re[i] * re - S.im[i] * im;
        turned.im[i] = S.re[i] * im + S.im[i] * re;
      }
      return turned;
    }
  }

  /** A morph whose frames are computed when they are first asked for, one after the other. */
  class Morph {
    /** @param {InstanceType<typeof Steerlens.LeNet>} network @param {Float64Array} source @param {Settings} settings */
    constructor(network, source, settings) {
      Object.assign(this, { network, settings, frames: [source], probabilities: [], distances: [0], path: null, logits: null });
      this._see();
    }

    /** Logits of the last frame, which the next step's gradient is taken at. */
    _see() {
      this.logits = this.network.logits(this.frames[this.frames.length - 1]);
      this.probabilities.push(Steerlens.softmax(this.logits));
    }

    /** How many steps there are so far. */
    get reached() {
      return this.frames.length - 1;
    }

    /** One more frame. */
    step() {
      const { network, settings, frames } = this, last = frames[frames.length - 1];
      // Others may have used the network since: the gradient follows what it saw last.
      if (network.seen !== last && !this.path) network.logits(last);
      if (settings.regime === "frozen") {
        this.path = this.path || new FrozenPath(network, frames[0], this.logits, settings);
        frames.push(this.path.render(frames.length));
      } else {
        frames.push(liveStep(network, last, this.logits, settings));
      }
      this.distances.push(Steerlens.distance(frames[frames.length - 1], frames[0]));
      this._see();
    }

    /** The image at a real k: on the path itself if frozen, between the neighbouring frames if live. */
    render(k) {
      const before = Math.min(Math.floor(k), this.reached - 1), t = k - before;
      if (this.path) return this.path.render(k);
      return this.frames[before].map((value, i) => value + t * (this.frames[before + 1][i] - value));
    }

    /** k of the first image at an L2 distance from the source; the farthest frame's where none attains it. */
    at(distance) {
      const after = this.distances.findIndex((found, k) => k > 0 && found >= distance - DISTANCE_TOLERANCE);
      if (after < 0) return { k: this.distances.indexOf(Math.max(...this.distances)), attained: false };
      let low = after - 1, high = after, k = after;
      for (let round = 0; round < 60; round++) {
        k = (low + high) / 2;
        const found = Steerlens.distance(this.render(k), this.frames[0]);
        if (Math.abs(found - distance) <= DISTANCE_TOLERANCE) break;
        if (found < distance) low = k; else high = k;
      }
      return { k, attained: true };
    }
  }

  /** L2 distance of two images. */
  Steerlens.distance = (a, b) => Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0));

  Object.assign(Steerlens, { Morph, DIGIT_PYRAMID: PYRAMID });
})(globalThis.Steerlens);
