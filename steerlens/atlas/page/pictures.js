/* Pictures out of sprite sheets, and what changed between two of them.

   From the file system a canvas may show a picture but not tell its pixels: changes are computed by blending. */
"use strict";

(function (Steerlens) {
  const KEPT = 2 ** 24; // pixels of sheets that stay in memory (64 MiB)
  const NEUTRAL = { light: [246, 246, 244], dark: [24, 27, 33] };
  const BRIGHTER = [214, 48, 40];
  const DARKER = [38, 98, 217];
  const GAIN = 1.25; // full colour at a change of 0.8

  const sheets = new Map();
  let held = 0;

  const pixels = (sheet) => sheet.naturalWidth * sheet.naturalHeight;

  /** A sheet, loaded and decoded; those that were used last are kept. @returns {Promise<HTMLImageElement>} */
  Steerlens.sheet = async function (name) {
    const known = sheets.get(name);
    if (known) {
      sheets.delete(name);
      sheets.set(name, known);
      return known;
    }
    const image = new Image(), loading = new Promise((resolve, reject) => {
      image.addEventListener("load", () => resolve(image));
      image.addEventListener("error", () => reject(new Error(`${name}.webp cannot be read`)));
    });
    sheets.set(name, loading);
    image.src = `${name}.webp`;
    await loading.catch((error) => { sheets.delete(name); throw error; });
    held += pixels(image);
    for (const [old, promise] of sheets) {
      if (held <= KEPT || old === name) break;
      sheets.delete(old);
      promise.then((sheet) => { held -= pixels(sheet); });
    }
    return image;
  };

  /** @typedef {{sheet: string, index: number, width: number, height: number, columns: number}} Place */

  /** Where the small picture of an image stands. @returns {Place} */
  Steerlens.originalPlace = function (from, pair) {
    return inPages(`sprites/${Steerlens.key(from.source)}-original`, from.image[pair]);
  };

  /** Where the small morph of a pair stands. @returns {Place} */
  Steerlens.morphPlace = function (from, pair, d) {
    return inPages(`sprites/${Steerlens.key(from.source)}-${d}`, pair);
  };

  function inPages(stem, number) {
    const { capacity, ...grid } = Steerlens.atlas.sprites;
    return { ...grid, sheet: `${stem}-${Math.floor(number / capacity)}`, index: number % capacity };
  }

  /** The largest pictures there are of an image and one of its morphs. @returns {[Place, Place]} */
  Steerlens.largePlaces = function (from, pair, d) {
    const { large } = Steerlens.atlas;
    if (!large) return [Steerlens.originalPlace(from, pair), Steerlens.morphPlace(from, pair, d)];
    const image = from.number(pair), among = from.pairsOf(image).indexOf(pair);
    return [{ ...large, sheet: `large/${image}-original`, index: 0 }, { ...large, sheet: `large/${image}`, index: among * from.D + d }];
  };

  /** Whether pictures are shown pixel by pixel: they are whole, and small. */
  Steerlens.pixelated = () => !Steerlens.atlas.large;

  /** A function that draws the picture of a place onto a context. */
  async function painter({ sheet, index, width, height, columns }) {
    const image = await Steerlens.sheet(sheet), x = (index % columns) * width, y = Math.floor(index / columns) * height;
    return (context) => context.drawImage(image, x, y, width, height, 0, 0, width, height);
  }

  function sized(canvas, { width, height }) {
    Object.assign(canvas, { width, height });
    return canvas.getContext("2d");
  }

  /** Shows the picture of a place. @param {HTMLCanvasElement} canvas @param {Place} place */
  Steerlens.show = async function (canvas, place) {
    const draw = await painter(place);
    draw(sized(canvas, place));
  };

  /** max(0, a - b) of two pictures, as a grey one. */
  function excess(a, b, place) {
    const canvas = document.createElement("canvas"), context = sized(canvas, place);
    b(context);
    context.globalCompositeOperation = "lighten";
    a(context);
    context.globalCompositeOperation = "difference";
    b(context);
    context.globalCompositeOperation = "saturation";
    context.fillStyle = "#808080";
    context.fillRect(0, 0, place.width, place.height);
    context.globalCompositeOperation = "lighter";
    context.globalAlpha = GAIN - 1;
    context.drawImage(canvas, 0, 0);
    context.globalAlpha = 1;
    return canvas;
  }

  /** What became brighter in red, what became darker in blue. @param {HTMLCanvasElement} canvas */
  Steerlens.showChange = async function (canvas, original, morph, scheme) {
    const [before, after] = await Promise.all([painter(original), painter(morph)]);
    const context = sized(canvas, morph), rest = NEUTRAL[scheme];
    context.fillStyle = `rgb(${rest})`;
    context.fillRect(0, 0, morph.width, morph.height);
    // Paper is darkened to the colour, and a dark ground lit up to it.
    context.globalCompositeOperation = scheme === "light" ? "difference" : "lighter";
    for (const [a, b, full] of [[after, before, BRIGHTER], [before, after, DARKER]]) {
      const change = excess(a, b, morph), tint = change.getContext("2d");
      tint.globalCompositeOperation = "multiply";
      tint.fillStyle = `rgb(${full.map((value, c) => Math.abs(value - rest[c]))})`;
      tint.fillRect(0, 0, morph.width, morph.height);
      context.drawImage(change, 0, 0);
    }
  };
})(globalThis.Steerlens);
