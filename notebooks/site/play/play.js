/* The playground's page: settings in, morphs made and played, everything that is seen of them shown. */
"use strict";

(function (Steerlens) {
  const { element, startOf } = Steerlens;
  const at = (id) => /** @type {any} */ (document.getElementById(id));
  const QUICK = 14; // milliseconds that the judge may take to be asked for moving pictures
  const SOON = 400; // milliseconds after which address and code are brought up to date

  /** @type {any} */
  const page = { state: null, film: null, networks: {}, judge: null, judged: new WeakMap(), tour: -1, touched: false, drawing: null };
  globalThis.Steerlens.page = page; // for tests

  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  const message = (error) => {
    at("error").hidden = !error;
    at("error").textContent = error ? `This did not work: ${error.message || error}` : "";
  };

  // ---- making morphs -------------------------------------------------------------------------------------------

  /** The morphs of the state; networks that are not there yet are loaded first. */
  async function remake({ position = 0, play = !Steerlens.calm() } = {}) {
    const { state, film } = page, methods = [state.a, state.b].filter(Boolean);
    const turn = (page.turn = (page.turn ?? 0) + 1);
    const networks = await Promise.all(methods.map(({ driver }) => Steerlens.network(driver)));
    if (turn !== page.turn) return; // another one was asked for meanwhile
    methods.forEach(({ driver }, i) => { page.networks[driver] = networks[i]; });
    const morphs = methods.map((method, i) => new Steerlens.Morph(networks[i], state.image, Steerlens.morphSettings(state, method)));
    if (!play && position === Infinity) position = state.b ? 1e9 : state.steps;
    film.set(morphs, state.steps, { position, play });
    controls();
  }

  /** Settings have changed: the same place in the new morph, or from the start. */
  function change(settings, { replay = false } = {}) {
    takeOver();
    const drawn = drawing();
    Object.assign(page.state, drawn ? { image: drawn } : {}, settings, { position: null });
    const { film, state } = page, still = !replay && !drawn && !film.playing && film.position > 0;
    if (Steerlens.calm() && (replay || drawn)) remake({ position: Infinity, play: false });
    else remake(still ? { position: state.b ? film.position : Math.min(film.position, state.steps), play: false } : {});
  }

  /** Somebody plays: the tour is over. */
  function takeOver() {
    page.touched = true;
    address();
  }

  /** What somebody has drawn since the last time, which now counts as drawn; null if nothing. */
  function drawing() {
    const drawn = page.pads[0].finish();
    page.drawing = null;
    return drawn;
  }

  const choose = (target) => change({ target }, { replay: true });

  /** Goes to another frame; of an own drawing's morph if there is one. */
  function seek(position) {
    if (page.drawing) return change({}, { replay: true });
    takeOver();
    return page.film.seek(position);
  }

  function startWith({ image, label }) {
    drawing();
    const target = page.state.target === label ? (label + 5) % 10 : page.state.target;
    change({ image, target }, { replay: true });
  }

  /** The next of the morphs that are shown to somebody who only looks. */
  function nextOfTour() {
    if (page.touched) return;
    page.tour = (page.tour + 1) % Steerlens.TOUR.length;
    const [source, target] = Steerlens.TOUR[page.tour], start = startOf(page.starts, source);
    Object.assign(page.state, { image: start.image, target });
    if (Steerlens.calm()) remake({ position: Infinity, play: false });
    else remake();
    setTimeout(() => { at("code").textContent = Steerlens.pythonCode(page.state); }, SOON);
  }

  // ---- the judge -----------------------------------------------------------------------------------------------

  /** What the judge sees in the frames of a morph, by k. */
  function verdicts(morph) {
    if (!page.judged.has(morph)) page.judged.set(morph, []);
    return page.judged.get(morph);
  }

  function ask(morph, k) {
    const known = verdicts(morph);
    if (!known[k]) {
      const started = performance.now();
      known[k] = Steerlens.softmax(page.judge.logits(morph.frames[k]));
      page.judgeTime = performance.now() - started;
    }
    return known[k];
  }

  /** What the judge sees now: of moving pictures the nearest frame, if it is quick. */
  function judgement(morph, frame) {
    if (!page.judge) return null;
    const { film } = page, k = Math.round(frame.k), known = verdicts(morph);
    if (film.compared && film.still) return Steerlens.softmax(page.judge.logits(frame.image));
    if (known[k]) return known[k];
    if (k > morph.reached) return null;
    return film.still || (page.judgeTime ?? 0) < QUICK ? ask(morph, k) : null;
  }

  /** When nothing moves: the judge is asked for one frame more. */
  function idle() {
    const { film } = page;
    if (!page.judge || !film.complete) return false;
    for (const morph of film.morphs) {
      const k = morph.frames.findIndex((_, i) => !verdicts(morph)[i]);
      if (k >= 0) {
        ask(morph, k);
        film.changed = true;
        return true;
      }
    }
    return false;
  }

  // ---- showing -------------------------------------------------------------------------------------------------

  /** Points of a curve: p of the target against k, or against distance. */
  function curve(morph, probabilities) {
    const points = [], { film, state } = page;
    for (let k = 0; k <= Math.min(morph.reached, film.steps); k++) {
      if (probabilities[k]) points.push([film.compared ? Math.min(morph.distances[k], film.length) : k, probabilities[k][state.target]]);
      if (film.compared && morph.distances[k] > film.length) break;
    }
    return points;
  }

  function show() {
    const { film, state, panels } = page;
    if (!film.morphs.length || page.drawing) return;
    const shown = film.morphs.map((morph) => film.frame(morph));
    const judged = film.morphs.map((morph, i) => judgement(morph, shown[i]));
    shown.forEach((frame, i) => page.pads[i].show(frame.image, words(frame, film.morphs[i])));
    panels.button.show(film.playing);
    panels.timeline(film);
    showBars(shown, judged);
    panels.changes(film.morphs[0].frames[0], shown);
    showCurve(shown);
    showWords(shown, judged);
    state.position = film.playing ? null : film.position;
    if (film.still && film.complete) at("status").textContent = words(shown[0], film.morphs[0]);
  }

  function words({ k, probabilities }, { settings }) {
    const seen = Steerlens.top(probabilities);
    return `Step ${Math.round(k)} on the way to ${Steerlens.named(settings.target)}: the driver sees ${Steerlens.named(seen)}, ${Steerlens.percent(probabilities[seen])}`;
  }

  function showBars(shown, judged) {
    const { state, panels } = page;
    if (shown.length === 1) {
      panels.bars({ driven: shown[0].probabilities, judged: judged[0], target: state.target, names: [`driver: ${Steerlens.DRIVER_NAMES[state.a.driver]}`, "judge: ResNet"] });
    } else {
      const seen = judged.every(Boolean) ? judged : shown.map(({ probabilities }) => probabilities);
      panels.bars({ driven: seen[0], judged: seen[1], target: state.target, names: judged.every(Boolean) ? ["judge on A", "judge on B"] : ["driver on A", "driver on B"] });
    }
  }

  function showCurve(shown) {
    const { film, state, panels } = page, [a, b] = film.morphs;
    panels.curve({
      a: curve(a, a.probabilities),
      b: b ? curve(b, b.probabilities) : [],
      judge: b ? [] : curve(a, verdicts(a)),
      position: Math.min(film.position, film.length),
      end: film.length,
      unit: film.compared ? "L2 distance" : "step k",
      points: shown.map(({ probabilities }) => probabilities[state.target]),
      words: `The driver's probability of ${Steerlens.named(state.target)} is ${Steerlens.percent(shown[0].probabilities[state.target])} here`,
    });
  }

  function showWords(shown, judged) {
    const { state, film } = page;
    const lines = shown.map((frame, i) => Steerlens.verdict(frame.probabilities, judged[i], state.target));
    const verdict = at("verdict");
    if (shown.length === 1) {
      verdict.replaceChildren(lines[0][0], " ", element("span", { class: lines[0][2] ? `sl-${lines[0][2]}` : "" }, lines[0][1]));
      at("caption-a").textContent = "";
      return;
    }
    verdict.textContent = film.complete ? `Both at the same distance from the source, ${Math.min(film.position, film.length).toFixed(2)}.` : "Computing both …";
    ["a", "b"].forEach((which, i) => at(`caption-${which}`).replaceChildren(element("b", { class: `sl-${which}` }, which.toUpperCase()), ` ${lines[i][0]} ${lines[i][1]}`));
  }

  /** Controls show the state. */
  function controls() {
    const { state, panels } = page;
    panels.targets(state.target);
    panels.methods[0](state.a, Boolean(state.b));
    panels.methods[1](state.b, true);
    at("compare").checked = Boolean(state.b);
    at("film-b").hidden = !state.b;
    document.body.classList.toggle("sl-compared", Boolean(state.b));
    const regimes = [state.a, state.b].filter(Boolean).map(({ regime }) => regime);
    panels.cap.row.hidden = !regimes.includes("live");
    panels.alpha.row.hidden = !regimes.includes("frozen");
    for (const name of ["cap", "alpha", "steps"]) panels[name].show(state[name]);
    panels.bands(state.bands, state.lowpass);
    panels.starts.forEach(({ button, image }) => button.setAttribute("aria-pressed", String(image === state.image)));
  }

  /** While somebody draws, the networks read along. */
  function reading(image) {
    page.drawing = image;
    page.touched = true;
    page.film.playing = false;
    const network = page.networks[page.state.a.driver];
    const driven = network ? Steerlens.softmax(network.logits(image)) : null;
    if (!driven) return;
    const seen = Steerlens.top(driven);
    at("verdict").textContent = `Reads like ${Steerlens.named(seen)} (${Steerlens.percent(driven[seen])}). Now choose what it should become.`;
    page.panels.targets(null);
    page.panels.button.show(false);
    page.panels.changes(image, []); // the drawing as the networks get it
    page.panels.bars({ driven, judged: null, target: null, names: [`driver: ${Steerlens.DRIVER_NAMES[page.state.a.driver]}`, "judge: ResNet"] });
  }

  // ---- address and copies --------------------------------------------------------------------------------------

  /** The address and the code follow, a moment later. */
  function address() {
    clearTimeout(page.addressing);
    page.addressing = setTimeout(() => {
      at("code").textContent = Steerlens.pythonCode(page.state);
      page.own = `#${Steerlens.fragment(page.state)}`;
      try { history.replaceState(null, "", page.own); } catch { /* some browsers refuse for files: the link still copies */ }
    }, SOON);
  }

  async function copy(text, said) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = element("textarea", { class: "sl-unseen", "aria-hidden": "true" });
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    at("copied").textContent = said;
    setTimeout(() => { at("copied").textContent = ""; }, 2500);
  }

  const link = () => `${location.href.split("#")[0]}#${Steerlens.fragment(page.state)}`;

  function restore() {
    const state = Steerlens.fromFragment(location.hash, Steerlens.initialState(startOf(page.starts, 4).image));
    if (!state || location.hash === page.own) return false;
    drawing();
    page.state = state;
    page.touched = true;
    remake(state.position === null ? {} : { position: state.position, play: false });
    return true;
  }

  // ---- building ------------------------------------------------------------------------------------------------

  function timeline(place) {
    const button = Steerlens.playButton(() => {
      if (page.drawing) return change({}, { replay: true });
      takeOver();
      return page.film.playing ? page.film.pause() : page.film.play();
    });
    const range = element("input", { type: "range", min: 0, step: 1, "aria-label": "Step", class: "sl-range" });
    const text = element("output", { class: "sl-place" });
    place.className = "sl-timeline";
    place.append(button.button, range, text);
    range.addEventListener("input", () => seek(Number(range.value)));
    const showRange = (film) => {
      const length = film.compared ? Math.max(film.length, 1e-9) : film.steps;
      range.max = String(length);
      range.step = film.compared ? "0.01" : "1";
      range.value = String(Math.min(film.position, length));
      const where = film.compared ? `L2 ${Math.min(film.position, film.length).toFixed(2)}` : `${Math.round(film.position)} of ${film.steps}`;
      text.textContent = where;
      range.setAttribute("aria-valuetext", film.compared ? `distance ${where}` : `step ${where}`);
    };
    return { button, showRange };
  }

  function starts(place) {
    const strip = element("div", { class: "sl-strip", role: "group", "aria-labelledby": "start-title" });
    const made = page.starts.map((start) => {
      const canvas = element("canvas", { class: "sl-pixels", "aria-hidden": "true" });
      Steerlens.showGrey(canvas, start.image);
      const button = element("button", { type: "button", "aria-label": `${Steerlens.named(start.label)}, ${start.source}`, title: start.source }, canvas);
      button.addEventListener("click", () => startWith(start));
      strip.append(button);
      return { button, image: start.image };
    });
    const draw = element("button", { type: "button", class: "sl-draw" }, "Draw one");
    draw.addEventListener("click", () => {
      page.pads[0].clear();
      reading(new Float64Array(784));
      at("verdict").textContent = "Draw a digit on the picture, then choose what it should become.";
      at("pad-a").scrollIntoView({ block: "center", behavior: Steerlens.calm() ? "auto" : "smooth" });
    });
    place.append(strip, draw);
    return made;
  }

  function build() {
    page.starts = Steerlens.startDigits();
    page.film = new Steerlens.Film({ shown: show, ended: nextOfTour, idle });
    page.pads = ["pad-a", "pad-b"].map((id) => new Steerlens.Pad(at(id), { drawing: reading }));
    page.pads[1].ink.style.pointerEvents = "none";
    page.pads[1].hint.hidden = true;
    const { button, showRange } = timeline(at("timeline"));
    const moved = (name) => (value) => change({ [name]: value });
    page.panels = {
      button,
      timeline: showRange,
      targets: Steerlens.targetButtons(at("targets"), choose),
      bars: Steerlens.barPanel(at("bars")),
      curve: Steerlens.curvePanel(at("curve"), (share) => seek(page.film.compared ? share * page.film.length : Math.round(share * page.film.steps))),
      changes: Steerlens.changePanel(at("changes")),
      starts: starts(at("starts")),
      methods: ["a", "b"].map((which) => Steerlens.methodPanel(at("methods"), which, (part) => change({ [which]: { ...page.state[which], ...part } }))),
      cap: Steerlens.slider(at("sliders"), { id: "cap", label: "Cap of a live step", min: 0.05, max: 1, step: 0.05, words: (value) => `${value.toFixed(2)} rad`, hint: "The largest turn of a wave in one step" }, moved("cap")),
      alpha: Steerlens.slider(at("sliders"), { id: "alpha", label: "α of a frozen step", min: 0.01, max: 2, step: 0.01, words: (value) => value.toFixed(2), hint: "The factor on the gradient (Eq. 6)" }, moved("alpha")),
      steps: Steerlens.slider(at("sliders"), { id: "steps", label: "Steps", min: 4, max: 60, step: 1 }, moved("steps")),
      bands: Steerlens.bandPanel(at("bands"), (choose, lowpass = page.state.lowpass) => change({ bands: choose(page.state.bands), lowpass })),
    };
    at("compare").addEventListener("change", () => {
      const b = at("compare").checked ? { ...page.state.a, driver: page.state.a.driver === "lenet" ? "robust_lenet" : "lenet" } : null;
      change({ b }, { replay: true });
    });
    at("copy-link").addEventListener("click", () => copy(link(), "Link copied"));
    at("copy-code").addEventListener("click", () => copy(Steerlens.pythonCode(page.state), "Python copied"));
    document.querySelector("details").open = matchMedia("(min-width: 62rem)").matches;
    addEventListener("hashchange", restore);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show());
  }

  /** Space plays and pauses, arrows step; within the morph's panel digits choose. Controls keep their own keys. */
  function keyboard(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const control = event.target.closest?.("input, button, a, summary, pre");
    if (/^[0-9]$/.test(event.key) && event.target.closest?.(".sl-stage")) return choose(Number(event.key));
    if (control) return;
    const { film } = page, step = film.compared ? film.length / 24 : 1;
    const moves = { ArrowLeft: -step, ArrowRight: step };
    if (event.key === " ") at("timeline").querySelector("button").click();
    else if (event.key in moves) seek(Math.min(film.length, Math.max(0, Math.round(film.position / step) * step + moves[event.key])));
    else return;
    event.preventDefault();
  }

  /** The judge and the other driver, and whether the files are the committed ones: after the first picture moves. */
  async function later() {
    while (!page.film.complete) await pause(100);
    page.judge = await Steerlens.network("resnet");
    page.film.changed = true;
    page.film.wake();
    await pause(2000); // so that the first morph runs smoothly
    page.networks.lenet = await Steerlens.network("lenet");
    const names = Object.keys(Steerlens.checkpoints), lines = [];
    for (const name of names) {
      const { file, sha256, accuracy } = Steerlens.checkpoints[name], same = await Steerlens.verified(name);
      const checked = same === null ? "not checked: this browser cannot" : same ? "checked here" : "NOT the committed file";
      lines.push(element("li", {}, element("b", {}, file), ` (${(100 * accuracy).toFixed(1)} % of MNIST's test digits right), SHA-256 `, element("code", {}, `${sha256.slice(0, 16)}…`), ` (${checked})`));
    }
    at("weights").replaceWith(element("ul", { class: "sl-weights", id: "weights" }, ...lines));
  }

  async function open() {
    build();
    page.networks.robust_lenet = await Steerlens.network("robust_lenet");
    page.state = Steerlens.initialState(startOf(page.starts, 4).image);
    if (!restore()) nextOfTour();
    addEventListener("keydown", keyboard);
    later().catch(message);
  }

  addEventListener("error", (event) => message(event.error || event.message));
  addEventListener("unhandledrejection", (event) => message(event.reason));
  open().catch(message);
})(globalThis.Steerlens);
