/* Rows and columns: walk over an output or an input of a frozen system, and see what F has there. */
"use strict";

(function (Steerlens) {
  const RED = [214, 48, 40], BLUE = [38, 98, 217], NEUTRAL = { light: [246, 246, 244], dark: [24, 27, 33] };
  const DETAIL = 480; // pixels of a canvas, about
  const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

  // ---- arrays ----------------------------------------------------------------------------------------------------

  /** The number that 16 bits of half precision spell. */
  function half(bits) {
    const exponent = (bits >> 10) & 31, fraction = bits & 1023, sign = bits >> 15 ? -1 : 1;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : fraction * 2 ** -24);
  }

  /**
   * An array as scope.py packs it, as numbers in double precision.
   * @param {{shape: number[], scale: number, base64: string}} kept
   */
  function unpacked({ shape, scale, base64 }) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const view = new DataView(bytes.buffer), length = shape.reduce((product, side) => product * side, 1);
    const single = bytes.length === 4 * length;
    const at = (i) => (single ? view.getFloat32(4 * i, true) : half(view.getUint16(2 * i, true)));
    return { shape, values: Float64Array.from({ length }, (_, i) => scale * at(i)) };
  }

  const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const sum = (values) => values.reduce((total, value) => total + value, 0);

  /** Over how many entries the energy of a filter is spread. */
  function spread(values) {
    const energy = values.map((value) => value * value), squares = sum(energy.map((value) => value * value));
    return squares ? sum(energy) ** 2 / squares : 0;
  }

  // ---- colours ---------------------------------------------------------------------------------------------------

  /** "light" or "dark": what the site shows. */
  function scheme() {
    const own = document.documentElement.dataset.theme;
    if (own === "light" || own === "dark") return own;
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }

  /** Red for positive, blue for negative values, in full colour at `full`; `root`: by the square root. */
  function signed(value, full, root) {
    const share = Math.min(1, Math.abs(value) / (full || 1)), strength = root ? Math.sqrt(share) : share;
    return NEUTRAL[scheme()].map((rest, c) => rest + strength * ((value > 0 ? RED : BLUE)[c] - rest));
  }

  const grey = (value) => Array(3).fill(255 * Math.min(1, Math.max(0, value)));

  // ---- drawing ---------------------------------------------------------------------------------------------------

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  /** An image on a canvas, a square for each value; a frame around the one that is chosen. */
  function drawImage(canvas, { shape: [height, width], values }, colour, chosen = -1) {
    const cell = Math.max(1, Math.round(DETAIL / Math.max(height, width)));
    const small = element("canvas", { width, height }), pixels = new ImageData(width, height);
    values.forEach((value, i) => pixels.data.set([...colour(value), 255], 4 * i));
    small.getContext("2d").putImageData(pixels, 0, 0);
    canvas.width = cell * width;
    canvas.height = cell * height;
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, canvas.width, canvas.height);
    if (chosen >= 0) frame(context, cell * (chosen % width), cell * Math.floor(chosen / width), cell, cell);
  }

  function frame(context, x, y, width, height) {
    for (const [color, line] of [["#000", 9], ["#ffd23f", 5]]) {
      context.strokeStyle = color;
      context.lineWidth = line;
      context.strokeRect(x - 2, y - 2, width + 4, height + 4);
    }
  }

  /** Scores, one below another: a name, a bar from the middle, the number. */
  function drawBars(canvas, { values }, names, chosen = -1) {
    const high = DETAIL / values.length, middle = 0.5 * DETAIL, full = largest(values) || 1;
    canvas.width = canvas.height = DETAIL;
    const context = canvas.getContext("2d"), ink = scheme() === "dark" ? "#e9ebf0" : "#1c222e";
    context.fillStyle = `rgb(${NEUTRAL[scheme()]})`;
    context.fillRect(0, 0, DETAIL, DETAIL);
    context.font = `${0.6 * high}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    values.forEach((value, i) => {
      const long = (value / full) * 0.24 * DETAIL, y = (i + 0.5) * high;
      context.fillStyle = `rgb(${value > 0 ? RED : BLUE})`;
      context.fillRect(Math.min(middle, middle + long), y - 0.3 * high, Math.abs(long), 0.6 * high);
      context.fillStyle = ink;
      context.textAlign = "left";
      context.fillText(names[i], 10, y);
      context.textAlign = "right";
      context.fillText(number(value), DETAIL - 8, y);
    });
    if (chosen >= 0) frame(context, 3, chosen * high + 3, DETAIL - 6, high - 6);
  }

  /** The whole matrix, its strongest value for each point; a function that draws where a row and a column are. */
  function drawMatrix(canvas, { shape: [rows, columns], values }) {
    const step = Math.ceil(rows / 768), high = Math.ceil(rows / step), strongest = new Float64Array(high * columns);
    values.forEach((value, i) => {
      const at = Math.floor(i / columns / step) * columns + (i % columns);
      if (Math.abs(value) > Math.abs(strongest[at])) strongest[at] = value;
    });
    const full = largest(strongest), pixels = new ImageData(columns, high), kept = element("canvas", { width: columns, height: high });
    strongest.forEach((value, i) => pixels.data.set([...signed(value, full, true), 255], 4 * i));
    kept.getContext("2d").putImageData(pixels, 0, 0);
    canvas.width = canvas.height = 2 * DETAIL;
    const context = canvas.getContext("2d"), across = canvas.width / columns, down = canvas.height / rows;
    context.imageSmoothingEnabled = false;
    return (row, column) => {
      context.drawImage(kept, 0, 0, canvas.width, canvas.height);
      frame(context, 0, row * down, canvas.width, down);
      frame(context, column * across, 0, across, canvas.height);
    };
  }

  /** A number with a true minus, in as many digits as say something. */
  function number(value) {
    const size = Math.abs(value), text = size !== 0 && size < 0.001 ? value.toExponential(0) : value.toFixed(size < 0.1 ? 3 : 2);
    return text.replaceAll("-", "\u2212");
  }

  // ---- a system --------------------------------------------------------------------------------------------------

  /** A figure with a canvas; one to walk on if `moved` is given. */
  function panel(caption, words, moved) {
    const roles = moved ? { role: "application", tabindex: 0, class: "sc-walk" } : { role: "img" };
    const canvas = element("canvas", { ...roles, "aria-label": words });
    return { canvas, figure: element("figure", {}, canvas, element("figcaption", {}, caption)) };
  }

  class System {
    /** @param {HTMLElement} place @param {any} kept what scope.py wrote of one system */
    constructor(place, kept) {
      Object.assign(this, { classes: kept.classes, F: unpacked(kept.F), x: unpacked(kept.x), r: unpacked(kept.r), y: unpacked(kept.y) });
      [this.inputs, this.outputs] = [this.x.values.length, this.y.values.length];
      this.fx = this.y.values.map((_, k) => this.product(k));
      const top = this.y.values.indexOf(Math.max(...this.y.values)), [height, width] = this.y.shape;
      this.output = this.classes.length ? top : Math.floor(height / 2) * width + Math.floor(width / 2);
      this.input = Math.floor(this.x.shape[0] / 2) * this.x.shape[1] + Math.floor(this.x.shape[1] / 2);
      this.build(place, kept);
      this.show();
    }

    /** Row `k` of F, as an image like the input. */
    row(k) {
      return { shape: this.x.shape, values: this.F.values.slice(k * this.inputs, (k + 1) * this.inputs) };
    }

    /** Column `j` of F, like the output. */
    column(j) {
      return { shape: this.y.shape, values: this.y.values.map((_, k) => this.F.values[k * this.inputs + j]) };
    }

    /** Row `k` times x. */
    product(k) {
      return this.row(k).values.reduce((total, value, j) => total + value * this.x.values[j], 0);
    }

    /** What F x + r is in this page. */
    get again() {
      return { shape: this.y.shape, values: this.fx.map((value, k) => value + this.r.values[k]) };
    }

    build(place, { title, words }) {
      const scores = this.classes.length, size = ({ shape }) => `${shape[0]} by ${shape[1]} pixels`;
      const outputs = scores ? `${scores} scores` : size(this.y), keys = "Arrow keys walk.";
      this.panels = {
        output: panel("Output y: walk here", `Output, ${outputs}. ${keys}`, true),
        row: panel("Its row of F: what this output reads", `Row of F, ${size(this.x)}`),
        input: panel("Input x: walk here", `Input, ${size(this.x)}. ${keys}`, true),
        column: panel("Its column of F: what this pixel reaches", `Column of F, ${outputs}`),
        matrix: panel("All of F; the lines are the row and the column", `Matrix F, ${this.outputs} rows, ${this.inputs} columns`),
        residual: panel("Residual r", `Residual, ${outputs}`),
        again: panel("F x + r, computed here", `F x + r, ${outputs}`),
        difference: panel(`Its difference from y${scores ? "" : ", in full colour at 1 %"}`, `Difference of F x + r and y, ${outputs}`),
      };
      const group = (...names) => element("div", { class: "sc-pair" }, ...names.map((name) => this.panels[name].figure));
      this.said = { output: element("p", { role: "status" }), input: element("p", { role: "status" }), both: element("p"), error: element("p", { class: "sc-error" }) };
      const walks = ["output", "input"].map((name) => element("div", { class: "sc-walks" }, group(name, name === "output" ? "row" : "column"), this.said[name]));
      place.append(
        element("h2", {}, title), element("p", {}, words), element("div", { class: "sc-board" }, ...walks), this.said.both,
        element("h3", {}, "Is this the network?"), element("div", { class: "sc-check" }, ...["matrix", "residual", "again", "difference"].map((name) => this.panels[name].figure)), this.said.error,
      );
      this.walks("output", this.y.shape);
      this.walks("input", this.x.shape);
    }

    /** A mouse, a finger and the arrow keys choose an entry of output or input. */
    walks(name, [height, width]) {
      const { canvas } = this.panels[name];
      const choose = (row, column) => {
        const inside = (value, side) => Math.min(side - 1, Math.max(0, value));
        const chosen = inside(row, height) * width + inside(column, width);
        if (chosen === this[name]) return;
        this[name] = chosen;
        this.show();
      };
      const pointed = ({ clientX, clientY }) => {
        const box = canvas.getBoundingClientRect();
        choose(Math.floor(((clientY - box.top) / box.height) * height), Math.floor(((clientX - box.left) / box.width) * width));
      };
      canvas.addEventListener("pointerdown", pointed);
      canvas.addEventListener("pointermove", pointed);
      canvas.addEventListener("keydown", (event) => {
        if (!STEPS[event.key]) return;
        event.preventDefault();
        const [down, right] = STEPS[event.key];
        choose(Math.floor(this[name] / width) + down, (this[name] % width) + right);
      });
    }

    /** Everything that depends on what is chosen, and on the scheme if `anew`. */
    show(anew = false) {
      const { panels } = this, row = this.row(this.output), column = this.column(this.input);
      const filter = (full) => (value) => signed(value, full, true);
      drawImage(panels.row.canvas, row, filter(largest(row.values)), this.input);
      drawImage(panels.input.canvas, this.x, grey, this.input);
      this.like("column", column, filter(largest(column.values)), this.output);
      this.like("output", this.y, grey, this.output);
      if (anew || !this.lines) {
        this.lines = drawMatrix(panels.matrix.canvas, this.F);
        const { again } = this, full = 0.01 * largest(this.y.values);
        const difference = { ...again, values: again.values.map((value, k) => value - this.y.values[k]) };
        this.like("residual", this.r, (value) => signed(value, largest(this.r.values)));
        this.like("again", again, grey);
        if (this.classes.length) this.like("difference", difference);
        else drawImage(panels.difference.canvas, difference, (value) => signed(value, full));
        this.error = largest(difference.values);
      }
      this.lines(this.output, this.input);
      this.say(row.values, column.values);
    }

    /** A canvas like the output: bars of scores, or an image. */
    like(name, image, colour, chosen) {
      const { canvas } = this.panels[name];
      canvas.classList.toggle("sc-bars", this.classes.length > 0);
      if (this.classes.length) drawBars(canvas, image, this.classes, chosen);
      else drawImage(canvas, image, colour, chosen);
    }

    place(k, { shape: [, width] }, named) {
      return named ? this.classes[k] : `row ${Math.floor(k / width)}, column ${k % width}`;
    }

    say(row, column) {
      const { output, input } = this, scores = this.classes.length > 0;
      const where = this.place(output, this.y, scores), at = this.place(input, this.x);
      const residual = this.r.values[output], covers = (values, what) => `${spread(values).toFixed(1)} ${what}`;
      this.said.output.textContent = `${scores ? "Score of" : "Output at"} ${where}: row times x is ${number(this.fx[output])}, r is ${number(residual)}; together ${number(this.fx[output] + residual)}. The network says ${number(this.y.values[output])}. The row is spread over ${covers(row, "pixels")}.`;
      this.said.input.textContent = `Input at ${at}: x is ${number(this.x.values[input])}. Its column sums to ${number(sum(column))} and is spread over ${covers(column, scores ? "scores" : "pixels")}.`;
      this.said.both.textContent = `Where the chosen row and column meet, F is ${number(row[input])}: so much does the output change when this pixel changes by 1 and no decision changes.`;
      this.said.error.textContent = `F has ${this.outputs} rows and ${this.inputs} columns. F x + r differs from the network's output by at most ${this.error.toExponential(0).replaceAll("-", "\u2212")}; the largest output is ${number(largest(this.y.values))}.`;
    }
  }

  const place = document.getElementById("scope");
  Steerlens.scopes = Steerlens.systems.map((kept) => {
    const own = element("section", { class: "sc-system" });
    place.append(own);
    return new System(own, kept);
  });
  const again = () => Steerlens.scopes.forEach((system) => system.show(true));
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
})(globalThis.Steerlens);
