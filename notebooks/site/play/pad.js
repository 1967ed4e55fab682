/* The picture of a morph, on which one can draw: with a mouse, a finger or a pen. */
"use strict";

(function (Steerlens) {
  const SIDE = 28;
  const SETTLE = 320; // milliseconds in which own strokes move to where MNIST's digits stand

  class Pad {
    /**
     * @param {HTMLElement} place  Gets the canvases.
     * @param {{drawing: (image: Float64Array) => void}} heard  Called while strokes are drawn.
     */
    constructor(place, heard) {
      Object.assign(this, { heard, strokes: [], drawing: false, settling: null });
      this.picture = Steerlens.element("canvas", { class: "sl-pixels", role: "img", width: SIDE, height: SIDE });
      this.ink = Steerlens.element("canvas", { class: "sl-ink", "aria-hidden": "true" });
      place.classList.add("sl-pad");
      this.hint = Steerlens.element("span", { class: "sl-pen", "aria-hidden": "true" }, "draw here");
      place.append(this.picture, this.ink, this.hint);
      this.ink.addEventListener("pointerdown", (event) => this._down(event));
      this.ink.addEventListener("pointermove", (event) => this._move(event));
      for (const name of ["pointerup", "pointercancel"]) this.ink.addEventListener(name, () => { this.down = false; });
    }

    /** Shows an image, unless somebody is drawing. @param {Float64Array} image @param {string} words */
    show(image, words) {
      this.picture.setAttribute("aria-label", words);
      if (!this.drawing && !this.settling) Steerlens.showGrey(this.picture, image);
    }

    /** Begins a new drawing on black. */
    clear() {
      this.hint.hidden = true;
      this.strokes = [];
      this.drawing = true;
      cancelAnimationFrame(this.settling);
      this.settling = null;
      Steerlens.showGrey(this.picture, new Float64Array(SIDE * SIDE));
      this._ink(this.strokes, Steerlens.PEN);
    }

    _point(event) {
      const { left, top, width } = this.ink.getBoundingClientRect();
      return /** @type {[number, number]} */ ([((event.clientX - left) / width) * SIDE, ((event.clientY - top) / width) * SIDE]);
    }

    _down(event) {
      if (event.button > 0) return;
      event.preventDefault();
      if (!this.drawing) this.clear();
      this.down = true;
      try { this.ink.setPointerCapture(event.pointerId); } catch { /* a pointer that is already gone */ }
      this.strokes.push([this._point(event)]);
      this._drawn();
    }

    _move(event) {
      if (!this.down) return;
      const events = event.getCoalescedEvents?.() ?? [];
      for (const each of events.length ? events : [event]) this.strokes[this.strokes.length - 1].push(this._point(each));
      this._drawn();
    }

    /** Draws and tells at most once a frame. */
    _drawn() {
      if (this.pending) return;
      this.pending = requestAnimationFrame(() => {
        this.pending = null;
        if (!this.drawing) return;
        this._ink(this.strokes, Steerlens.PEN);
        this.heard.drawing(Steerlens.digitOf(this.strokes));
      });
    }

    _ink(strokes, pen) {
      const side = Math.round(this.ink.clientWidth * Math.min(2, devicePixelRatio)) || 1;
      if (this.ink.width !== side) this.ink.width = this.ink.height = side;
      const context = this.ink.getContext("2d");
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, side, side);
      context.setTransform(side / SIDE, 0, 0, side / SIDE, 0, 0);
      Object.assign(context, { lineWidth: pen, lineCap: "round", lineJoin: "round", strokeStyle: "white" });
      for (const stroke of strokes) {
        context.beginPath();
        context.moveTo(...stroke[0]);
        for (const point of stroke.length > 1 ? stroke.slice(1) : stroke) context.lineTo(...point);
        context.stroke();
      }
    }

    /** Ends a drawing: its image, whose strokes move to the middle; null if nothing was drawn. */
    finish() {
      if (!this.drawing) return null;
      this.drawing = this.down = false;
      const strokes = this.strokes;
      if (!strokes.length) return null;
      this._settle(strokes, Steerlens.fitting(strokes), performance.now());
      return Steerlens.digitOf(strokes);
    }

    _settle(strokes, { scale, x, y }, started) {
      const t = Steerlens.calm() ? 1 : Math.min(1, (performance.now() - started) / SETTLE), s = t * t * (3 - 2 * t);
      const place = (p, axis, shift) => p[axis] + s * (shift + scale * p[axis] - p[axis]);
      this._ink(t < 1 ? strokes.map((stroke) => stroke.map((p) => [place(p, 0, x), place(p, 1, y)])) : [], Steerlens.PEN);
      this.settling = t < 1 ? requestAnimationFrame(() => this._settle(strokes, { scale, x, y }, started)) : null;
    }
  }

  Steerlens.Pad = Pad;
})(globalThis.Steerlens);
