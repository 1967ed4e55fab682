/* Images on canvases: grey, changes in red and blue, phases as hues. */
"use strict";

(function (Steerlens) {
  /** Writes a square canvas: `fill` gets its pixels, red, green, blue and alpha of each, already opaque. */
  function paint(canvas, side, fill) {
    if (canvas.width !== side || canvas.height !== side) canvas.width = canvas.height = side;
    const context = canvas.getContext("2d"), data = context.createImageData(side, side);
    for (let i = 3; i < data.data.length; i += 4) data.data[i] = 255;
    fill(data.data);
    context.putImageData(data, 0, 0);
  }

  /** A grey image in [0, 1]; what is beyond is cut off. @param {HTMLCanvasElement} canvas @param {Float64Array} image */
  Steerlens.showGrey = function (canvas, image) {
    paint(canvas, Math.sqrt(image.length), (pixels) => {
      for (let i = 0; i < image.length; i++) pixels[4 * i] = pixels[4 * i + 1] = pixels[4 * i + 2] = 255 * image[i];
    });
  };

  const NEUTRAL = { light: [246, 246, 244], dark: [24, 27, 33] };
  const BRIGHTER = [214, 48, 40];
  const DARKER = [38, 98, 217];

  /** What became brighter in red, what became darker in blue, in full colour at a change of 0.8. */
  Steerlens.showChange = function (canvas, image, source, scheme) {
    const rest = NEUTRAL[scheme];
    paint(canvas, Math.sqrt(image.length), (pixels) => {
      for (let i = 0; i < image.length; i++) {
        const change = image[i] - source[i], strength = Math.min(1, Math.abs(change) / 0.8), full = change > 0 ? BRIGHTER : DARKER;
        for (let c = 0; c < 3; c++) pixels[4 * i + c] = rest[c] + strength * (full[c] - rest[c]);
      }
    });
  };

  /** Complex numbers: hue for the phase, brightness for the amplitude (a power of it: faint waves have a phase, too). */
  Steerlens.showPhases = function (canvas, { re, im }, largest) {
    paint(canvas, Math.sqrt(re.length), (pixels) => {
      for (let i = 0; i < re.length; i++) {
        const brightness = 255 * Math.min(1, Math.hypot(re[i], im[i]) / largest) ** 0.7;
        const sixths = (3 * Math.atan2(im[i], re[i])) / Math.PI; // of a turn; 0 is red, then yellow, green, cyan, blue, magenta
        for (let c = 0; c < 3; c++) {
          const from = Math.abs(sixths - 2 * c), away = Math.min(from, 6 - from);
          pixels[4 * i + c] = brightness * Math.min(1, Math.max(0, 2 - away));
        }
      }
    });
  };

  const WINDOW = [12, 20, 32]; // pixels of a wave of each size that are shown

  /** The waves of one band: what a single coefficient looks like. */
  Steerlens.showWave = function (canvas, pyramid, scale, orientation) {
    const side = pyramid.sizes[scale];
    const bands = pyramid.bandMasks.map((masks, s) => masks.map((_, b) => (s === scale && b === orientation ? Steerlens.plane(pyramid.sizes[s]) : null)));
    bands[scale][orientation].im[(side / 2) * side + side / 2] = 1;
    const wave = pyramid.synthesize({ bands, highpass: null, lowpass: null });
    const largest = wave.reduce((most, value) => Math.max(most, Math.abs(value)), 0), wide = WINDOW[scale], corner = (pyramid.size - wide) / 2;
    const window = Float64Array.from({ length: wide * wide }, (_, i) => wave[(corner + Math.floor(i / wide)) * pyramid.size + corner + (i % wide)]);
    Steerlens.showGrey(canvas, window.map((value) => 0.5 + value / (2 * largest)));
  };

  /** "light" or "dark": the page's scheme, or the system's. */
  Steerlens.scheme = function () {
    const own = document.documentElement.dataset.theme;
    if (own === "light" || own === "dark") return own;
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  };

  /** Whether the reader asked the system for less motion. */
  Steerlens.calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  /** A share as a percentage that never claims certainty. @param {number} p */
  Steerlens.percent = (p) => (p >= 0.9995 ? ">\u00a099.9\u00a0%" : `${(100 * p).toFixed(p >= 0.99 ? 1 : 0)}\u00a0%`);

  /** An element with attributes and children. */
  Steerlens.element = function (tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
})(globalThis.Steerlens);
