/* The panels of the playground's page: bars, curve, changes, method, bands. Each returns what shows new values. */
"use strict";

(function (Steerlens) {
  const { element, percent } = Steerlens;

  /** Ten rows: the driver's probability, and below it the judge's. */
  Steerlens.barPanel = function (place) {
    const rows = Array.from({ length: 10 }, (_, digit) => {
      const driver = element("span", { class: "sl-bar sl-a" }), judge = element("span", { class: "sl-bar sl-judge" });
      const value = element("span", { class: "sl-value" }), other = element("span", { class: "sl-value sl-minor" });
      const row = element("li", {}, element("b", {}, String(digit)), element("span", { class: "sl-tracks", "aria-hidden": "true" }, driver, judge), value, other);
      return { row, driver, judge, value, other };
    });
    const key = element("div", { class: "sl-key" }, element("span", { class: "sl-dot sl-a" }), element("span", {}), element("span", { class: "sl-dot sl-judge" }), element("span", {}));
    place.append(key, element("ol", { class: "sl-bars" }, ...rows.map(({ row }) => row)));
    return ({ driven, judged, target, names }) => {
      key.children[1].textContent = names[0];
      key.children[3].textContent = names[1];
      rows.forEach(({ row, driver, judge, value, other }, digit) => {
        row.classList.toggle("sl-target", digit === target);
        driver.style.transform = `scaleX(${driven[digit]})`;
        judge.style.transform = `scaleX(${judged ? judged[digit] : 0})`;
        value.textContent = percent(driven[digit]);
        other.textContent = judged ? percent(judged[digit]) : "";
      });
    };
  };

  const SVG = "http://www.w3.org/2000/svg", WIDE = 420, HIGH = 150, LEFT = 34, BOTTOM = 24, TOP = 8, RIGHT = 10;

  function drawn(tag, attributes, parent) {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    parent.append(made);
    return made;
  }

  /** Curves of p against k or distance; a click or a drag goes there. */
  Steerlens.curvePanel = function (place, sought) {
    const svg = drawn("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, class: "sl-curve", role: "img" }, place);
    const across = WIDE - LEFT - RIGHT, up = HIGH - TOP - BOTTOM;
    let length = 1;
    const X = (x) => LEFT + (across * x) / length, Y = (p) => TOP + up * (1 - p);
    for (const p of [0, 0.5, 1]) {
      drawn("line", { x1: LEFT, x2: WIDE - RIGHT, y1: Y(p), y2: Y(p), class: "sl-grid" }, svg);
      drawn("text", { x: LEFT - 6, y: Y(p) + 4, class: "sl-tick", "text-anchor": "end" }, svg).textContent = `${100 * p}`;
    }
    const cursor = drawn("line", { y1: TOP, y2: TOP + up, class: "sl-cursor" }, svg);
    const lines = ["sl-judge", "sl-b", "sl-a"].map((name) => drawn("polyline", { class: `sl-line ${name}` }, svg));
    const dots = ["sl-b", "sl-a"].map((name) => drawn("circle", { r: 4.5, class: `sl-point ${name}` }, svg));
    const ends = [LEFT, WIDE - RIGHT].map((x, i) => drawn("text", { x, y: HIGH - 6, class: "sl-tick", "text-anchor": i ? "end" : "start" }, svg));
    const title = drawn("text", { x: LEFT + across / 2, y: HIGH - 6, class: "sl-tick", "text-anchor": "middle" }, svg);
    const seek = (event) => {
      const { left, width } = svg.getBoundingClientRect();
      sought(Math.min(1, Math.max(0, (((event.clientX - left) / width) * WIDE - LEFT) / across)));
    };
    svg.addEventListener("pointerdown", (event) => { svg.setPointerCapture(event.pointerId); seek(event); });
    svg.addEventListener("pointermove", (event) => { if (event.buttons) seek(event); });
    const at = (points) => points.map(([x, p]) => `${X(x).toFixed(1)},${Y(p).toFixed(1)}`).join(" ");
    return ({ a, b, judge, position, end, unit, points, words }) => {
      length = end || 1;
      [judge, b, a].forEach((curve, i) => lines[i].setAttribute("points", at(curve)));
      cursor.setAttribute("x1", X(position));
      cursor.setAttribute("x2", X(position));
      dots.forEach((dot, i) => {
        const p = points[1 - i];
        dot.setAttribute("visibility", p === undefined ? "hidden" : "visible");
        dot.setAttribute("cx", X(position));
        dot.setAttribute("cy", Y(p ?? 0));
      });
      ends[0].textContent = "0";
      ends[1].textContent = Number(end.toFixed(1));
      title.textContent = unit;
      svg.setAttribute("aria-label", words);
    };
  };

  /** Source and change, small, with the distance. */
  Steerlens.changePanel = function (place) {
    const picture = (words) => {
      const canvas = element("canvas", { class: "sl-pixels", role: "img", "aria-label": words, width: 28, height: 28 });
      const caption = element("figcaption", {}, words);
      place.append(element("figure", {}, canvas, caption));
      return { canvas, caption, figure: place.lastElementChild };
    };
    const source = picture("Source"), a = picture("Change"), b = picture("Change B");
    const key = element("p", { class: "sl-legend" });
    key.innerHTML = '<span class="sl-swatch sl-red"></span>brighter <span class="sl-swatch sl-blue"></span>darker';
    place.append(key);
    return (image, shown) => {
      Steerlens.showGrey(source.canvas, image);
      [a, b].forEach(({ canvas, caption, figure }, i) => {
        figure.hidden = i >= shown.length;
        if (i >= shown.length) return;
        Steerlens.showChange(canvas, shown[i].image, image, Steerlens.scheme());
        caption.textContent = `${shown.length > 1 ? `${"AB"[i]}: c` : "C"}hange, L2 ${shown[i].distance.toFixed(2)}`;
      });
    };
  };

  /** Choices of which exactly one is made. */
  function choice(name, legend, options, chosen) {
    const inputs = options.map(([value]) => element("input", { type: "radio", name, value }));
    const labels = options.map(([, words], i) => element("label", {}, inputs[i], element("span", {}, words)));
    inputs.forEach((input) => input.addEventListener("change", () => chosen(input.value)));
    const made = element("fieldset", { class: "sl-choice" }, element("legend", {}, legend), element("div", {}, ...labels));
    return { made, show: (value) => inputs.forEach((input) => { input.checked = input.value === value; }) };
  }

  /** The three choices of a method. @param {"a" | "b"} which */
  Steerlens.methodPanel = function (place, which, changed) {
    const title = element("h3", { class: `sl-${which}` }, which.toUpperCase());
    const parts = {
      regime: choice(`${which}-regime`, "Gradient", [["live", "Live"], ["frozen", "Frozen"]], (regime) => changed({ regime })),
      direction: choice(`${which}-direction`, "What moves", [["joint", "Phase and amplitude"], ["phase", "Phase"]], (direction) => changed({ direction })),
      driver: choice(`${which}-driver`, "Driver", [["robust_lenet", "Robust"], ["lenet", "Plain"]], (driver) => changed({ driver })),
    };
    const panel = element("div", { class: "sl-one" }, title, ...Object.values(parts).map(({ made }) => made));
    place.append(panel);
    return (method, compared) => {
      panel.hidden = !method;
      title.hidden = !compared;
      if (method) for (const [name, part] of Object.entries(parts)) part.show(method[name]);
    };
  };

  /** A slider with its value beside it. */
  Steerlens.slider = function (place, { id, label, min, max, step, words = String, hint = "" }, moved) {
    const input = /** @type {HTMLInputElement} */ (element("input", { type: "range", id, min, max, step }));
    const value = element("output", { for: id }), name = element("label", { for: id }, label);
    if (hint) name.title = hint;
    const row = element("div", { class: "sl-slider" }, name, input, value);
    place.append(row);
    input.addEventListener("input", () => { value.textContent = words(Number(input.value)); moved(Number(input.value)); });
    return { row, show: (now) => { input.value = String(now); value.textContent = words(now); input.setAttribute("aria-valuetext", words(now)); } };
  };

  const SIZES = ["fine", "middle", "coarse"], ANGLES = ["0°", "45°", "90°", "135°"];

  /** Three sizes by four directions, each a button with the wave on it; rows can be switched as a whole. */
  Steerlens.bandPanel = function (place, changed) {
    const pyramid = Steerlens.DIGIT_PYRAMID;
    const grid = element("div", { class: "sl-grid-bands" }), buttons = [], waves = [];
    SIZES.forEach((size, scale) => {
      const row = element("button", { type: "button", class: "sl-rowname" }, size);
      row.setAttribute("aria-label", `All ${size} waves`);
      row.addEventListener("click", () => changed((bands) => {
        const on = bands.slice(4 * scale, 4 * scale + 4).some((band) => !band);
        return bands.map((band, i) => (Math.floor(i / 4) === scale ? on : band));
      }));
      grid.append(row);
      ANGLES.forEach((angle, b) => {
        const canvas = element("canvas", { class: "sl-pixels", "aria-hidden": "true" });
        waves.push(() => Steerlens.showWave(canvas, pyramid, scale, b));
        const button = element("button", { type: "button", "aria-label": `${size} waves at ${angle}`, title: `${size}, ${angle}` }, canvas);
        button.addEventListener("click", () => changed((bands) => bands.map((band, i) => (i === 4 * scale + b ? !band : band))));
        buttons.push(button);
        grid.append(button);
      });
    });
    const all = element("button", { type: "button" }, "All"), none = element("button", { type: "button" }, "None");
    all.addEventListener("click", () => changed((bands) => bands.map(() => true)));
    none.addEventListener("click", () => changed((bands) => bands.map(() => false)));
    const low = element("input", { type: "checkbox", id: "lowpass" });
    low.addEventListener("change", () => changed((bands) => bands, low.checked ? "linear" : "fixed"));
    const rest = element("div", { class: "sl-row" }, all, none, element("label", { class: "sl-switch" }, low, element("span", {}, "Low-pass moves too")));
    place.append(grid, rest);
    setTimeout(() => waves.forEach((draw) => draw()), 300); // the morph moves first
    return (bands, lowpass) => {
      buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(bands[i])));
      low.checked = lowpass === "linear";
    };
  };
})(globalThis.Steerlens);
