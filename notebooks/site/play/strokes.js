/* Pen strokes as 28 x 28 digits, fitted and centred as MNIST's are; and ten digits drawn for readers without data. */
"use strict";

(function (Steerlens) {
  /** @typedef {[number, number][]} Stroke  Points (x, y), x to the right and y down, in any unit. */

  const SIDE = 28;
  const BOX = 20; // MNIST fits a digit into 20 x 20 pixels ...
  const CENTRE = 14.5; // ... and puts its centre of mass here
  const PEN = 2.7; // width of the pen in pixels
  const SOFT = 1.3; // over how many pixels its border fades

  /** Distance of a point to a segment. */
  function toSegment(x, y, [ax, ay], [bx, by]) {
    const ux = bx - ax, uy = by - ay, length = ux * ux + uy * uy;
    const t = length ? Math.min(1, Math.max(0, ((x - ax) * ux + (y - ay) * uy) / length)) : 0;
    return Math.hypot(x - ax - t * ux, y - ay - t * uy);
  }

  /** The ink of strokes given in pixels of an image: 1 on the line, 0 beyond the pen. */
  function inked(strokes, side = SIDE, pen = PEN) {
    const image = new Float64Array(side * side), reach = (pen + SOFT) / 2;
    for (const stroke of strokes) {
      stroke.forEach((point, i) => {
        const before = stroke[Math.max(0, i - 1)];
        const [left, right] = [Math.min(point[0], before[0]) - reach, Math.max(point[0], before[0]) + reach];
        const [top, bottom] = [Math.min(point[1], before[1]) - reach, Math.max(point[1], before[1]) + reach];
        for (let y = Math.max(0, Math.floor(top)); y < Math.min(side, bottom); y++) {
          for (let x = Math.max(0, Math.floor(left)); x < Math.min(side, right); x++) {
            const ink = Math.min(1, Math.max(0, (reach - toSegment(x + 0.5, y + 0.5, before, point)) / SOFT));
            image[y * side + x] = Math.max(image[y * side + x], ink);
          }
        }
      });
    }
    return image;
  }

  /** Where the ink of an image has its centre. */
  function centreOfMass(image) {
    let mass = 0, x = 0, y = 0;
    image.forEach((ink, i) => {
      mass += ink;
      x += ink * ((i % SIDE) + 0.5);
      y += ink * (Math.floor(i / SIDE) + 0.5);
    });
    return mass ? [x / mass, y / mass] : [CENTRE, CENTRE];
  }

  const mapped = (strokes, move) => strokes.map((stroke) => stroke.map(move));

  /**
   * How strokes come to stand in the image: scale and shift of their points, so that they fill a box of 20 x 20
   * pixels and have their centre of mass in the middle.
   * @param {Stroke[]} strokes @returns {{scale: number, x: number, y: number}}
   */
  Steerlens.fitting = function (strokes) {
    const points = strokes.flat(), xs = points.map(([x]) => x), ys = points.map(([, y]) => y);
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const extent = Math.max(right - left, bottom - top);
    const scale = extent > 0 ? (BOX - PEN) / extent : 1;
    const x = SIDE / 2 - (scale * (left + right)) / 2, y = SIDE / 2 - (scale * (top + bottom)) / 2;
    const [atX, atY] = centreOfMass(inked(mapped(strokes, (p) => [x + scale * p[0], y + scale * p[1]])));
    return { scale, x: x + CENTRE - atX, y: y + CENTRE - atY };
  };

  /** The image of strokes, in 256 greys. @param {Stroke[]} strokes @returns {Float64Array} 28 x 28 in [0, 1] */
  Steerlens.digitOf = function (strokes) {
    if (!strokes.length) return new Float64Array(SIDE * SIDE);
    const { scale, x, y } = Steerlens.fitting(strokes);
    return inked(mapped(strokes, (p) => [x + scale * p[0], y + scale * p[1]])).map((ink) => Math.round(ink * 255) / 255);
  };

  Object.assign(Steerlens, { PEN, inked });

  /** A smooth line through points (Catmull and Rom). */
  function through(...points) {
    const line = [];
    for (let i = 0; i + 1 < points.length; i++) {
      const [a, b, c, d] = [points[Math.max(0, i - 1)], points[i], points[i + 1], points[Math.min(points.length - 1, i + 2)]];
      for (let t = 0; t < 1; t += 0.125) {
        line.push([0, 1].map((axis) => 0.5 * (2 * b[axis] + (c[axis] - a[axis]) * t
          + (2 * a[axis] - 5 * b[axis] + 4 * c[axis] - d[axis]) * t * t + (3 * b[axis] - a[axis] - 3 * c[axis] + d[axis]) * t * t * t)));
      }
    }
    return [...line, points[points.length - 1]];
  }

  const DRAWN = [
    [through([0.55, 0], [0.22, 0.18], [0.12, 0.58], [0.36, 0.98], [0.7, 0.8], [0.82, 0.4], [0.66, 0.06], [0.5, 0.02])],
    [through([0.6, 0], [0.53, 0.5], [0.46, 1])],
    [through([0.14, 0.24], [0.36, 0.02], [0.68, 0.1], [0.7, 0.38], [0.42, 0.7], [0.1, 0.96]), through([0.1, 0.96], [0.5, 0.93], [0.86, 0.97])],
    [through([0.18, 0.1], [0.48, 0], [0.72, 0.16], [0.62, 0.38], [0.38, 0.47]), through([0.38, 0.47], [0.7, 0.56], [0.76, 0.8], [0.5, 1], [0.16, 0.92])],
    [through([0.24, 0.02], [0.16, 0.34], [0.2, 0.52], [0.48, 0.52], [0.78, 0.46]), through([0.76, 0.06], [0.7, 0.5], [0.66, 1])],
    [through([0.8, 0.03], [0.52, 0.03], [0.28, 0.06]), through([0.28, 0.06], [0.22, 0.3], [0.24, 0.42]), through([0.24, 0.42], [0.56, 0.4], [0.74, 0.62], [0.64, 0.9], [0.36, 1], [0.12, 0.9])],
    [through([0.62, 0], [0.34, 0.26], [0.2, 0.62], [0.32, 0.94], [0.62, 0.96], [0.74, 0.74], [0.56, 0.56], [0.3, 0.66], [0.22, 0.78])],
    [through([0.12, 0.1], [0.44, 0.07], [0.82, 0.06]), through([0.82, 0.06], [0.58, 0.5], [0.42, 1])],
    [through([0.72, 0.12], [0.46, 0], [0.26, 0.16], [0.44, 0.42], [0.7, 0.66], [0.66, 0.92], [0.4, 1], [0.22, 0.82], [0.38, 0.56], [0.64, 0.34], [0.74, 0.12])],
    [through([0.72, 0.2], [0.5, 0.02], [0.26, 0.16], [0.26, 0.4], [0.5, 0.48], [0.7, 0.28], [0.73, 0.16]), through([0.73, 0.16], [0.7, 0.56], [0.62, 1])],
  ];

  /** The strokes of a drawn digit in a unit square. @returns {Stroke[]} */
  Steerlens.drawnStrokes = (digit) => DRAWN[digit];

  /** Ten digits drawn by hand. @returns {{label: number, image: Float64Array, source: string}[]} */
  Steerlens.drawnDigits = () => DRAWN.map((strokes, label) => ({ label, image: Steerlens.digitOf(strokes), source: "drawn" }));

  /** A text for an image of 256 greys: zeros counted, then base64 that fits into addresses. @param {Float64Array} image */
  Steerlens.packed = function (image) {
    const bytes = [];
    for (let i = 0; i < image.length; i++) {
      const value = Math.round(image[i] * 255);
      let run = 1;
      while (value === 0 && run < 255 && i + run < image.length && Math.round(image[i + run] * 255) === 0) run++;
      bytes.push(...(value ? [value] : [0, run]));
      i += run - 1;
    }
    return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  };

  /** The image of such a text; null if it is none. @param {string} text */
  Steerlens.unpacked = function (text) {
    const image = new Float64Array(SIDE * SIDE);
    try {
      const bytes = Steerlens.bytes(text.replaceAll("-", "+").replaceAll("_", "/"));
      let at = 0;
      for (let i = 0; i < bytes.length; i++) {
        if (bytes[i]) image[at++] = bytes[i] / 255;
        else at += bytes[++i];
      }
      return at === image.length ? image : null;
    } catch {
      return null;
    }
  };
})(globalThis.Steerlens);
