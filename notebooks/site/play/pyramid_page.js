/* The page of the waves: a disk or a drawing, its bands as phases and amplitudes, and what turning the phases does. */
"use strict";

(function (Steerlens) {
  const { element } = Steerlens;
  const at = (id) => /** @type {any} */ (document.getElementById(id));
  const SIDE = 64, SCALES = 3, ORIENTATIONS = 4, RADIUS = 13, PEN = 5;
  const SIZES = ["fine, 4 px", "middle, 8 px", "coarse, 16 px"];
  const pyramid = new Steerlens.SteerablePyramid(SIDE, SCALES, ORIENTATIONS);
  const tau = 2 * Math.PI;

  /** @type {any} */
  const page = {
    shape: "disk", rule: "move", centre: [32, 32], strokes: [], right: 0, down: 0, angle: 0,
    lowpass: true, bands: Array(SCALES * ORIENTATIONS).fill(true), playing: false, started: 0, stale: true,
  };
  Steerlens.page = page; // for tests

  // ---- the picture and its coefficients ------------------------------------------------------------------------

  /** A white disk with a soft border, which leaves the frame on one side and enters on the other. */
  function disk([x, y]) {
    const around = (d) => Math.abs(d - SIDE * Math.round(d / SIDE));
    return Float64Array.from({ length: SIDE * SIDE }, (_, i) => {
      const distance = Math.hypot(around((i % SIDE) + 0.5 - x), around(Math.floor(i / SIDE) + 0.5 - y));
      return Math.min(1, Math.max(0, RADIUS + 0.75 - distance) / 1.5);
    });
  }

  const picture = () => (page.shape === "disk" ? disk(page.centre) : Steerlens.inked(page.strokes, SIDE, PEN));

  /** By how much a band's phase turns: one angle for all, or -omega d, omega the centre of the band's frequencies. */
  function turn(scale, orientation) {
    if (page.rule === "angle") return page.angle;
    const omega = Math.PI / 2 ** (scale + 1), direction = (Math.PI * orientation) / ORIENTATIONS;
    return -omega * (Math.cos(direction) * page.right + Math.sin(direction) * page.down);
  }

  /** S exp(i angle). */
  function turned({ re, im }, angle) {
    const c = Math.cos(angle), s = Math.sin(angle);
    return { re: re.map((value, i) => value * c - im[i] * s), im: re.map((value, i) => value * s + im[i] * c) };
  }

  /** An image of any size, moved by a part of its side as the shift theorem says. */
  function moved(image, right, down) {
    const side = Math.sqrt(image.length), plane = { re: image.slice(), im: new Float64Array(image.length) };
    Steerlens.fft2(plane, side);
    for (let i = 0; i < image.length; i++) {
      const frequency = (j) => (2 * j === side ? 0 : j < side / 2 ? j : j - side);
      const angle = -tau * (frequency(i % side) * right + frequency(Math.floor(i / side)) * down);
      const [re, im] = [plane.re[i], plane.im[i]];
      plane.re[i] = re * Math.cos(angle) - im * Math.sin(angle);
      plane.im[i] = re * Math.sin(angle) + im * Math.cos(angle);
    }
    return Steerlens.ifft2(plane, side).re;
  }

  /** The coefficients with their phases turned, where bands are to turn. */
  function edited({ bands, highpass, lowpass }) {
    const follows = page.lowpass && page.rule === "move";
    return {
      bands: bands.map((planes, scale) => planes.map((band, b) => (page.bands[ORIENTATIONS * scale + b] ? turned(band, turn(scale, b)) : band))),
      highpass,
      lowpass: follows ? moved(lowpass, page.right / SIDE, page.down / SIDE) : lowpass,
    };
  }

  /** How far the light went, each pixel counted from where the light was. */
  function went(image, source) {
    const mass = source.reduce((sum, value) => sum + value, 0);
    const centre = [0, 1].map((axis) => {
      let [re, im] = [0, 0];
      source.forEach((value, i) => {
        const angle = (tau * ((axis ? Math.floor(i / SIDE) : i % SIDE) + 0.5)) / SIDE;
        re += value * Math.cos(angle);
        im += value * Math.sin(angle);
      });
      return (Math.atan2(im, re) * SIDE) / tau;
    });
    return [0, 1].map((axis) => {
      let sum = 0;
      image.forEach((value, i) => {
        const from = (axis ? Math.floor(i / SIDE) : i % SIDE) + 0.5 - centre[axis];
        sum += (value - source[i]) * (from - SIDE * Math.round(from / SIDE));
      });
      return mass ? sum / mass : 0;
    });
  }

  // ---- showing -------------------------------------------------------------------------------------------------

  function show() {
    if (page.stale) {
      page.source = picture();
      page.coefficients = pyramid.analyze(page.source);
      page.stale = false;
    }
    const now = edited(page.coefficients), image = pyramid.synthesize(now);
    Steerlens.showGrey(page.left, page.source);
    Steerlens.showGrey(page.rightSide, image);
    page.wheels.forEach((canvas, i) => {
      const scale = Math.floor(i / ORIENTATIONS), largest = Math.max(1e-9, ...page.coefficients.bands[scale].map(({ re, im }) => re.reduce((most, value, j) => Math.max(most, Math.hypot(value, im[j])), 0)));
      Steerlens.showPhases(canvas, now.bands[scale][i % ORIENTATIONS], largest);
    });
    const move = page.rule === "move", truth = move ? moved(page.source, page.right / SIDE, page.down / SIDE) : page.source;
    document.querySelector(".sl-truth").hidden = !move;
    Steerlens.showGrey(at("truth"), truth);
    Steerlens.showChange(at("error"), image, truth, Steerlens.scheme());
    const [x, y] = went(image, page.source), said = (value, more, less) => `${Math.abs(value).toFixed(1)} px ${value < 0 ? less : more}`;
    const asked = move ? `Asked for: ${said(page.right, "right", "left")}, ${said(page.down, "down", "up")}. ` : "";
    at("readout").textContent = `${asked}The light went ${said(x, "right", "left")}, ${said(y, "down", "up")}.`;
    controls();
  }

  function controls() {
    const { sliders } = page, move = page.rule === "move";
    for (const name of ["right", "down", "angle"]) {
      sliders[name].show(page[name]);
      sliders[name].row.hidden = move === (name === "angle");
    }
    page.buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(page.bands[i])));
    page.choices.forEach(({ name, inputs }) => inputs.forEach((input) => { input.checked = input.value === page[name]; }));
    at("lowpass").checked = page.lowpass;
    at("lowpass").disabled = !move;
    page.play.show(page.playing);
    at("source-caption").textContent = page.shape === "disk" ? "Drag the disk" : "Draw here";
  }

  /** Shows at most once a frame. */
  function soon() {
    if (page.scheduled) return;
    page.scheduled = requestAnimationFrame((time) => {
      page.scheduled = null;
      if (page.playing) sway(time);
      show();
      if (page.playing) soon();
    });
  }

  /** Phases turn there and back by themselves. */
  function sway(time) {
    page.started = page.started || time;
    const t = (time - page.started) / 1000;
    if (page.rule === "angle") page.angle = Math.PI * Math.sin(t);
    else [page.right, page.down] = [4 * Math.sin(1.3 * t), 2.5 * Math.sin(0.8 * t)];
  }

  function change(settings, stale = false) {
    Object.assign(page, settings);
    page.stale = page.stale || stale;
    soon();
  }

  // ---- building ------------------------------------------------------------------------------------------------

  /** A canvas that hears drags, in pixels of the picture, and arrow keys. */
  function draggable(place, words, { pressed, dragged, key }) {
    const canvas = element("canvas", { class: "sl-pixels", tabindex: 0, role: "application", "aria-label": words });
    const point = (event) => {
      const { left, top, width } = canvas.getBoundingClientRect();
      return [((event.clientX - left) / width) * SIDE, ((event.clientY - top) / width) * SIDE];
    };
    let last = null;
    canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); last = point(event); pressed(last); });
    canvas.addEventListener("pointermove", (event) => {
      if (!last || !event.buttons) return;
      const now = point(event);
      dragged(now, [now[0] - last[0], now[1] - last[1]]);
      last = now;
    });
    canvas.addEventListener("pointerup", () => { last = null; });
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    canvas.addEventListener("keydown", (event) => {
      if (!(event.key in arrows)) return;
      event.preventDefault();
      key(arrows[event.key]);
    });
    place.classList.add("sl-pad");
    place.append(canvas);
    return canvas;
  }

  const wrapped = (value) => ((value % SIDE) + SIDE) % SIDE;
  const within = (value, most) => Math.min(most, Math.max(-most, value));
  const shiftDisk = ([x, y]) => change({ centre: [wrapped(page.centre[0] + x), wrapped(page.centre[1] + y)] }, true);
  const shiftPhases = ([x, y]) => change({ rule: "move", playing: false, right: within(page.right + x, 12), down: within(page.down + y, 12) });

  function pictures() {
    page.left = draggable(at("source"), "The picture: arrow keys move the disk", {
      pressed: (point) => (page.shape === "disk" ? null : change({ strokes: page.fresh ? [[point]] : [...page.strokes, [point]], fresh: false }, true)),
      dragged: (point, by) => {
        if (page.shape === "disk") return shiftDisk(by);
        page.strokes[page.strokes.length - 1].push(point);
        return change({}, true);
      },
      key: (by) => (page.shape === "disk" ? shiftDisk(by) : null),
    });
    page.rightSide = draggable(at("turned"), "The picture with its phases turned: arrow keys turn them", {
      pressed: () => change({ playing: false }), dragged: (_, by) => shiftPhases(by), key: shiftPhases,
    });
  }

  /** Radio buttons for one of the page's settings. */
  function choice(name, legend, options, chosen) {
    const inputs = options.map(([value]) => element("input", { type: "radio", name, value }));
    inputs.forEach((input) => input.addEventListener("change", () => chosen(input.value)));
    const labels = options.map(([, words], i) => element("label", {}, inputs[i], element("span", {}, words)));
    at("choices").append(element("fieldset", { class: "sl-choice" }, element("legend", {}, legend), element("div", {}, ...labels)));
    return { name, inputs };
  }

  function settings() {
    page.choices = [
      choice("shape", "Picture", [["disk", "Disk"], ["drawing", "Drawing"]], (shape) => change({ shape, fresh: true }, true)),
      choice("rule", "Phases turn", [["move", "to move it"], ["angle", "by one angle"]], (rule) => change({ rule, started: 0 })),
    ];
    const low = element("input", { type: "checkbox", id: "lowpass" });
    low.addEventListener("change", () => change({ lowpass: low.checked }));
    at("choices").append(element("label", { class: "sl-switch" }, low, element("span", {}, "Low-pass moves too")));
    const moved = (name) => (value) => change({ [name]: value, playing: false });
    const pixels = (value) => `${value.toFixed(1)} px`;
    page.sliders = {
      right: Steerlens.slider(at("sliders"), { id: "right", label: "To the right", min: -12, max: 12, step: 0.1, words: pixels }, moved("right")),
      down: Steerlens.slider(at("sliders"), { id: "down", label: "Down", min: -12, max: 12, step: 0.1, words: pixels }, moved("down")),
      angle: Steerlens.slider(at("sliders"), { id: "angle", label: "Angle", min: -Math.PI, max: Math.PI, step: 0.01, words: (value) => `${Math.round((value * 180) / Math.PI)}°` }, moved("angle")),
    };
  }

  function wheels() {
    page.wheels = [];
    page.buttons = [];
    const place = at("wheels");
    place.append(element("span"), ...["0°", "45°", "90°", "135°"].map((words) => element("span", {}, words)));
    SIZES.forEach((size, scale) => {
      place.append(element("span", {}, size));
      for (let b = 0; b < ORIENTATIONS; b++) {
        const i = ORIENTATIONS * scale + b, canvas = element("canvas", { class: "sl-pixels", "aria-hidden": "true" });
        const button = element("button", { type: "button", "aria-label": `${size.split(",")[0]} waves at ${45 * b}° turn` }, canvas);
        button.addEventListener("click", () => change({ bands: page.bands.map((on, j) => (i === j ? !on : on)) }));
        place.append(button);
        page.wheels.push(canvas);
        page.buttons.push(button);
      }
    });
    [["All turn", () => true], ...["Fine", "Middle", "Coarse"].map((words, scale) => [`${words} alone`, (i) => Math.floor(i / ORIENTATIONS) === scale])].forEach(([words, on]) => {
      const button = element("button", { type: "button" }, words);
      button.addEventListener("click", () => change({ bands: page.bands.map((_, i) => on(i)) }));
      at("sets").append(button);
    });
  }

  /** The circle of hues. */
  function legend() {
    const side = 64, plane = Steerlens.plane(side);
    for (let i = 0; i < side * side; i++) {
      plane.re[i] = (i % side) + 0.5 - side / 2;
      plane.im[i] = Math.floor(i / side) + 0.5 - side / 2;
    }
    Steerlens.showPhases(at("hues"), plane, side / 2);
  }

  function open() {
    page.strokes = Steerlens.drawnStrokes(3).map((stroke) => stroke.map(([x, y]) => [14 + 36 * x, 14 + 36 * y]));
    pictures();
    settings();
    wheels();
    legend();
    page.play = Steerlens.playButton(() => change({ playing: !page.playing, started: 0 }));
    const back = element("button", { type: "button" }, "Back to 0");
    back.addEventListener("click", () => change({ playing: false, right: 0, down: 0, angle: 0 }));
    at("demo").append(page.play.button, back);
    page.playing = !Steerlens.calm();
    if (!page.playing) page.right = 3;
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", soon);
    soon();
  }

  open();
})(globalThis.Steerlens);
