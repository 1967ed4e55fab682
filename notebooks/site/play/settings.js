/* What the controls say, as one value: an address that restores it, and the Python that makes the same morph. */
"use strict";

(function (Steerlens) {
  /**
   * One way to make a morph.
   * @typedef {object} Method
   * @property {"live" | "frozen"} regime
   * @property {"joint" | "phase"} direction
   * @property {"robust_lenet" | "lenet"} driver
   */

  /**
   * @typedef {object} State
   * @property {Float64Array} image
   * @property {number} target
   * @property {Method} a
   * @property {Method | null} b  What `a` is compared with.
   * @property {number} cap
   * @property {number} alpha
   * @property {number} steps
   * @property {boolean[]} bands
   * @property {"linear" | "fixed"} lowpass
   * @property {number | null} position  k, or the distance of a comparison; null: play from the start.
   */

  const REGIMES = ["live", "frozen"], DIRECTIONS = ["joint", "phase"], DRIVERS = ["robust_lenet", "lenet"];
  const CAP = [0.05, 1], ALPHA = [0.01, 2], STEPS = [4, 60];

  Steerlens.DRIVER_NAMES = { lenet: "plain LeNet", robust_lenet: "robust LeNet" };

  /** @returns {State} What the page opens with. */
  Steerlens.initialState = (image) => ({
    image, target: 8, a: { regime: "live", direction: "joint", driver: "robust_lenet" }, b: null,
    cap: 0.3, alpha: 0.3, steps: 24, bands: Array(12).fill(true), lowpass: "fixed", position: null,
  });

  /** What `Steerlens.Morph` needs to know. @param {State} state @param {Method} method */
  Steerlens.morphSettings = ({ target, cap, alpha, bands, lowpass }, { regime, direction }) =>
    ({ target, cap, alpha, bands, lowpass, regime, direction });

  const said = ({ regime, direction, driver }) => `${regime}.${direction}.${driver}`;

  function heard(text) {
    const [regime, direction, driver] = String(text).split(".");
    const known = REGIMES.includes(regime) && DIRECTIONS.includes(direction) && DRIVERS.includes(driver);
    return known ? { regime, direction, driver } : null;
  }

  /** The part of the address behind #. @param {State} state */
  Steerlens.fragment = function (state) {
    const bits = state.bands.reduce((number, on, i) => number + (on ? 2 ** i : 0), 0);
    const parts = { to: state.target, a: said(state.a), cap: state.cap, alpha: state.alpha, steps: state.steps, bands: bits.toString(16), lowpass: state.lowpass };
    if (state.b) parts.b = said(state.b);
    if (state.position !== null) parts.at = Number(state.position.toFixed(3));
    return Object.entries({ ...parts, image: Steerlens.packed(state.image) }).map(([name, value]) => `${name}=${value}`).join("&");
  };

  /** The state that a fragment describes; what is missing or wrong in it is as in `fallback`. @returns {State | null} */
  Steerlens.fromFragment = function (text, fallback) {
    const parts = new URLSearchParams(text.replace(/^#/, ""));
    if (!parts.has("image") && !parts.has("to")) return null;
    const number = (name, [low, high], otherwise) => {
      const value = parts.has(name) ? Number(parts.get(name)) : NaN;
      return Number.isFinite(value) && value >= low && value <= high ? value : otherwise;
    };
    const bits = parseInt(parts.get("bands") ?? "", 16);
    return {
      image: (parts.has("image") && Steerlens.unpacked(parts.get("image"))) || fallback.image,
      target: Math.round(number("to", [0, 9], fallback.target)),
      a: heard(parts.get("a")) ?? fallback.a,
      b: heard(parts.get("b")),
      cap: number("cap", CAP, fallback.cap),
      alpha: number("alpha", ALPHA, fallback.alpha),
      steps: Math.round(number("steps", STEPS, fallback.steps)),
      bands: Number.isFinite(bits) ? fallback.bands.map((_, i) => Boolean((bits >> i) & 1)) : fallback.bands,
      lowpass: parts.get("lowpass") === "linear" ? "linear" : "fixed",
      position: parts.has("at") ? number("at", [0, 1000], 0) : null,
    };
  };

  /** The lines that make one morph. */
  function morphCode(state, method, mark) {
    const live = method.regime === "live";
    const options = [
      ...(live ? [`direction="${method.direction}"`, `cap=${state.cap}`] : [`alpha=${state.alpha}`, `amplitude="${method.direction === "joint" ? "linear" : "constant"}"`]),
      `steps=${state.steps}`,
      `residuals={"lowpass": "${state.lowpass}"}`,
    ];
    if (!state.bands.every(Boolean)) {
      const pairs = state.bands.flatMap((on, i) => (on ? [`(${Math.floor(i / 4)}, ${i % 4})`] : []));
      options.push(`bands=[${pairs.join(", ")}]`);
    }
    return [
      `model${mark} = sl.models.load("${method.driver}", digit).double()`,
      `morph${mark} = sl.${live ? "steer" : "extrapolate"}(`,
      `    model${mark}, image, ${state.target}, pyramid,`,
      `    ${options.join(", ")},`,
      ")",
    ];
  }

  /** Python code that makes the same morph, and ends with the image that is shown. @param {State} state */
  Steerlens.pythonCode = function (state) {
    const text = btoa(String.fromCharCode(...Array.from(state.image, (value) => Math.round(value * 255))));
    const methods = state.b ? [[state.a, "_a"], [state.b, "_b"]] : [[state.a, ""]];
    const position = state.position ?? 0;
    const shown = methods.map(([, mark]) => {
      if (!state.b) return `shown = morph.frames[:, ${Math.round(position)}]  # k = ${Math.round(position)}`;
      if (position <= 0) return `shown${mark} = image`;
      return `shown${mark}, _ = morph${mark}.at_distance(${Number(position.toFixed(3))})`;
    });
    return [
      "import base64",
      "",
      "import torch",
      "",
      "import steerlens as sl",
      "",
      "pixels = base64.b64decode(",
      ...text.match(/.{1,96}/g).map((line) => `    "${line}"`),
      ")",
      "image = torch.tensor(list(pixels), dtype=torch.float64).view(1, 1, 28, 28) / 255",
      'digit = sl.data.ImageData(image.float(), torch.zeros(1, dtype=torch.long), sl.data.DIGITS, "MNIST")',
      "pyramid = sl.SteerablePyramid((28, 28), scales=3, orientations=4, padding=2)",
      ...methods.flatMap(([method, mark]) => ["", ...morphCode(state, method, mark)]),
      "",
      ...shown,
      ...methods.map(([, mark]) => `print(morph${mark})`),
      "",
    ].join("\n");
  };
})(globalThis.Steerlens);
