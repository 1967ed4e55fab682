/* The atlas's rows: scripts that are loaded when they are looked at, and typed arrays out of base64. */
"use strict";

(function (Steerlens) {
  const TYPES = { float32: Float32Array, int32: Int32Array, int16: Int16Array, uint16: Uint16Array };
  const KEPT = 4; // source classes that stay in memory

  const waiting = new Map(), sources = new Map();

  /** Called by each of the scripts in data/. */
  Steerlens.arrived = function (name, content) {
    if (name === "atlas") Steerlens.open(content);
    else waiting.get(name)?.(content);
    waiting.delete(name);
  };

  /** What a script in data/ brings. */
  Steerlens.script = (name) => new Promise((resolve, reject) => {
    const script = Steerlens.element("script", { src: `data/${name}.js` });
    waiting.set(name, resolve);
    script.addEventListener("load", () => script.remove());
    script.addEventListener("error", () => reject(new Error(`data/${name}.js cannot be read`)));
    document.head.append(script);
  });

  /** @param {[string, string]} encoded type and base64 */
  Steerlens.decoded = function ([type, base64]) {
    const text = atob(base64), bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return new TYPES[type](bytes.buffer);
  };

  Steerlens.key = (source) => (source >= 0 ? `class-${source}` : "class-unknown");

  /** The images of a source class and their pairs; the last few that were asked for are kept. */
  Steerlens.source = function (source) {
    const found = sources.get(source) ?? Steerlens.script(Steerlens.key(source)).then((content) => new Source(source, content));
    sources.delete(source);
    sources.set(source, found);
    found.catch(() => sources.delete(source));
    if (sources.size > KEPT) sources.delete(sources.keys().next().value);
    return found;
  };

  /** Pairs of image and target stand by target, then image; the values of each for all distances in a line. */
  class Source {
    constructor(source, content) {
      const { decoded, atlas } = Steerlens;
      Object.assign(this, { source, messages: content.messages, judges: atlas.judges, D: atlas.distances.length, orders: new Map() });
      for (const name of ["images", "label", "image", "target", "errors"]) this[name] = decoded(content[name]);
      this.values = Object.fromEntries(Object.entries(content.values).map(([name, array]) => [name, decoded(array)]));
    }

    /** First and last + 1 of the pairs with a target. */
    range(target) {
      const first = this.target.indexOf(target);
      return first < 0 ? [0, 0] : [first, this.target.lastIndexOf(target) + 1];
    }

    /** What went wrong with a pair at a distance, if anything. */
    error(pair, d) {
      const code = this.errors[pair * this.D + d];
      return code ? this.messages[code - 1] : null;
    }

    value(name, pair, d) {
      return this.values[name][pair * this.D + d];
    }

    number(pair) {
      return this.images[this.image[pair]];
    }

    /** What each judge sees: {name, sees, p, agrees}. */
    verdicts(pair, d) {
      return this.judges.map((name) => {
        const sees = this.value(name, pair, d);
        return { name, sees, p: this.value(`${name}_probability`, pair, d), agrees: sees === this.target[pair] };
      });
    }

    /** How much more the model believes in the target than the judges do on average. */
    disagreement(pair, d) {
      if (!this.judges.length) return 0;
      const judged = this.judges.reduce((sum, name) => sum + this.value(`${name}_probability`, pair, d), 0);
      return this.value("probability", pair, d) - judged / this.judges.length;
    }

    /** The pairs with a target in the order that was asked for; those without values come last. */
    order(target, d, sort) {
      const name = `${target} ${d} ${sort}`;
      if (!this.orders.has(name)) this.orders.set(name, this._sorted(target, d, sort));
      return this.orders.get(name);
    }

    _sorted(target, d, sort) {
      const [first, end] = this.range(target), { score, down } = Steerlens.SORTS[sort];
      const pairs = Int32Array.from({ length: end - first }, (_, i) => first + i);
      const scores = Float64Array.from(pairs, (pair) => {
        const value = score(this, pair, d);
        return Number.isNaN(value) ? Infinity : down ? -value : value;
      });
      return pairs.sort((a, b) => (scores[a - first] === scores[b - first] ? a - b : scores[a - first] < scores[b - first] ? -1 : 1));
    }

    /** All pairs of an image, by target. */
    pairsOf(image) {
      const place = this.images.indexOf(image), found = [];
      this.image.forEach((each, pair) => { if (each === place) found.push(pair); });
      return place < 0 ? [] : found;
    }
  }

  const orNever = (k) => (k >= 0 ? k : 1e9);

  Steerlens.SORTS = {
    "p": { words: "p of the target, highest first", down: true, score: (from, pair, d) => from.value("probability", pair, d) },
    "p-low": { words: "p of the target, lowest first", score: (from, pair, d) => from.value("probability", pair, d) },
    "first": { words: "first k, earliest first", score: (from, pair, d) => (from.error(pair, d) ? NaN : orNever(from.value("first_half", pair, d)) - from.value("probability", pair, d) / 2) },
    "half": { words: "L2 distance at which p reaches ½, nearest first", score: (from, pair, d) => (from.error(pair, d) ? NaN : orNever(from.value("distance_half", pair, d)) - from.value("probability", pair, d) / 2) },
    "distance": { words: "distance attained, nearest first", score: (from, pair, d) => from.value("attained", pair, d) },
    "judges": { words: "judges' disagreement, largest first", down: true, score: (from, pair, d) => from.disagreement(pair, d) },
    "image": { words: "image number", score: (from, pair) => from.number(pair) },
    "errors": { words: "errors first", down: true, score: (from, pair, d) => (from.error(pair, d) ? 1 : 0) },
  };


  let whereabouts = null;

  /** The source class of an image; -2 if there is no row of it. */
  Steerlens.sourceOf = async function (image) {
    whereabouts = whereabouts ?? Steerlens.script("images").then(({ source }) => Steerlens.decoded(source));
    return (await whereabouts)[image] ?? -2;
  };
})(globalThis.Steerlens);
