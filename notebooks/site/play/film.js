/* Plays morphs: computes frames ahead of time, a few milliseconds between two pictures, and moves through them. */
"use strict";

(function (Steerlens) {
  const PACE = 11; // steps a second
  const SWEEP = 2.4; // seconds for a comparison's whole way
  const BUDGET = 12; // milliseconds of computing before each picture
  const HOLD = 1.5; // seconds at the end before `ended`

  /** Between two lists of numbers. */
  const between = (a, b, t) => (t === 0 ? a : a.map((value, i) => value + t * (b[i] - value)));

  class Film {
    /**
     * @param {object} heard
     * @param {() => void} heard.shown    After the position or what stands there has changed.
     * @param {() => void} heard.ended    Some time after the last frame, unless paused.
     * @param {() => boolean} heard.idle  Work for when nothing moves; true if there is more of it.
     */
    constructor(heard) {
      Object.assign(this, { heard, morphs: [], steps: 24, position: 0, playing: false, held: 0, scheduled: null });
    }

    /** Shows other morphs, of that many steps. @param {InstanceType<typeof Steerlens.Morph>[]} morphs */
    set(morphs, steps, { position = 0, play = true }) {
      Object.assign(this, { morphs, steps, position, playing: play, held: 0, last: null, changed: true, ready: false });
      this.wake();
    }

    /** Two morphs are compared at equal distances. */
    get compared() {
      return this.morphs.length > 1;
    }

    /** Whether all frames are there. */
    get complete() {
      return this.morphs.every((morph) => morph.reached >= this.steps);
    }

    /** The largest position: the number of steps, or the largest distance that both morphs attain. */
    get length() {
      return this.compared ? Math.min(...this.morphs.map((morph) => Math.max(...morph.distances))) : this.steps;
    }

    /** Whether the picture stands: paused, or held at the end. */
    get still() {
      return !this.playing || (this.complete && this.position >= this.length);
    }

    play() {
      if (this.position >= this.length - 1e-9) this.position = 0;
      Object.assign(this, { playing: true, held: 0, last: null });
      this.changed = true;
      this.wake();
    }

    pause() {
      this.playing = false;
      if (!this.compared) this.position = Math.round(this.position);
      this.changed = true;
      this.wake();
    }

    /** @param {number} position */
    seek(position) {
      Object.assign(this, { playing: false, position, changed: true });
      this.wake();
    }

    wake() {
      if (this.scheduled === null) this.scheduled = requestAnimationFrame((now) => this._tick(now));
    }

    _tick(now) {
      this.scheduled = null;
      const more = this._compute() | this._advance(now);
      if (this.changed) {
        this.changed = false;
        this.heard.shown();
        if (this.position > 0 && !this.begun) this.begun = performance.mark("steerlens-moving"); // for benchmarks
      }
      if ((this.still && this.heard.idle()) || more || this.changed) this.wake();
    }

    /** Frames that are missing, for a while. */
    _compute() {
      const started = performance.now();
      while (!this.complete && performance.now() - started < BUDGET) {
        const morph = this.morphs.reduce((a, b) => (b.reached < a.reached ? b : a));
        const before = performance.now();
        morph.step();
        this.milliseconds = performance.now() - before;
      }
      if (this.complete && !this.ready) this.ready = this.changed = true;
      else if (!this.complete && !this.playing) this.changed = true;
      return !this.complete;
    }

    /** How far one can go already. */
    get _within() {
      if (this.compared) return this.complete ? this.length : 0;
      return Math.min(this.morphs[0].reached, this.steps);
    }

    _advance(now) {
      if (!this.playing) return false;
      const seconds = this.last === null ? 0 : Math.min(0.1, (now - this.last) / 1000);
      this.last = now;
      const rate = this.compared ? this.length / SWEEP : PACE, before = this.position;
      this.position = Math.min(this._within, this.position + seconds * rate);
      if (this.position !== before) this.changed = true;
      if (!this.complete || this.position < this.length) return true;
      this.held += seconds;
      if (this.held < HOLD) return true;
      this.playing = false;
      this.changed = true;
      this.heard.ended();
      return this.playing;
    }

    /**
     * What of a morph stands at the position: image, probabilities, k (which need not be whole) and distance.
     * @param {InstanceType<typeof Steerlens.Morph>} morph
     */
    frame(morph) {
      if (this.compared && !this.complete) return this._at(morph, 0);
      if (!this.compared) return this._at(morph, Math.min(this.position, morph.reached));
      if (this.position <= 0) return this._at(morph, 0);
      const { k } = morph.at(this.position), image = morph.render(k);
      const found = { ...this._at(morph, k), image, distance: Steerlens.distance(image, morph.frames[0]) };
      if (this.still) found.probabilities = Steerlens.softmax(morph.network.logits(image));
      return found;
    }

    _at(morph, k) {
      const before = Math.min(Math.floor(k), morph.reached), after = Math.min(before + 1, morph.reached), t = k - before;
      const of = (values) => values[before] + t * (values[after] - values[before]);
      return {
        k,
        image: between(morph.frames[before], morph.frames[after], t),
        probabilities: between(morph.probabilities[before], morph.probabilities[after], t),
        distance: of(morph.distances),
      };
    }
  }

  Steerlens.Film = Film;
})(globalThis.Steerlens);
