/* The images of one class on their way to another: each beside its morph, in an order that one chooses. */
"use strict";

(function (Steerlens) {
  const { element, count, many, percent, select, fragment, SORTS } = Steerlens;
  const SIDE = 56; // pixels that a thumbnail has at least
  const WIDEST = 84;

  /** Width and height of a thumbnail on the screen: whole multiples of its pixels where that fits. */
  function thumbnail() {
    const { width, height } = Steerlens.atlas.sprites, longer = Math.max(width, height);
    const factor = Math.min(Math.max(1, Math.round(SIDE / longer)), WIDEST / longer);
    return [width * factor, height * factor];
  }

  /** A canvas that shows the picture of a place as soon as it is there. */
  Steerlens.canvasOf = function (place, attributes, fill = Steerlens.show) {
    const canvas = element("canvas", { ...attributes, class: `picture${Steerlens.pixelated() ? " pixelated" : ""}`, width: place.width, height: place.height });
    fill(canvas, place).catch(Steerlens.message);
    return canvas;
  };

  /** What judges make of a morph, in a few marks: how many agree. */
  function marks(verdicts) {
    return element("span", { class: "marks" }, ...verdicts.map(({ agrees }) => element("span", { class: agrees ? "good" : "bad" }, agrees ? "✓" : "✗")));
  }

  Steerlens.firstWords = (k) => (k >= 0 ? Steerlens.short(k) : "never");

  /** The images of a pair of classes that the arrows and the order go through. */
  Steerlens.orderOf = (state) => (Object.hasOwn(SORTS, state.sort) ? state.sort : "p");

  Steerlens.Pair = class {
    static async open(place, state, navigate) {
      return new Steerlens.Pair(place, state, navigate, await Steerlens.source(state.from));
    }

    constructor(place, state, navigate, from) {
      Object.assign(this, { place, navigate, from, title: Steerlens.pairName(state.from, state.to) });
      this.update(state);
    }

    close() {
      this.window?.close();
    }

    about() {
      const { from, to } = this.state, found = [many(this.order.length, "image")];
      const failed = this.order.filter((pair) => this.from.error(pair, this.state.d)).length;
      if (failed) found.push(`, ${many(failed, "error")}`);
      if (Steerlens.pairs.has(`${to},${from}`)) found.push(" · ", element("a", { href: fragment({ from: to, to: from, d: Steerlens.spelled(this.state.d) }) }, `the other way, ${Steerlens.pairName(to, from)}`));
      return found;
    }

    update(state) {
      if (state.image !== undefined || (this.state && (state.from !== this.state.from || state.to !== this.state.to))) return false;
      this.state = state;
      this.order = this.from.order(state.to, state.d, Steerlens.orderOf(state));
      const sorts = Object.entries(SORTS).filter(([name]) => name !== "judges" || this.from.judges.length);
      Steerlens.controls([
        select("sort", "Order", sorts.map(([name, { words }]) => [name, words]), Steerlens.orderOf(state), (sort) => this.navigate({ ...state, sort }, true)),
        Steerlens.distances(state, (d) => this.navigate({ ...state, d }, true)),
      ]);
      this._show();
      return true;
    }

    _show() {
      this.window?.close();
      const list = element("ul", { class: "window tiles", "aria-label": "Images" }), [width, height] = thumbnail();
      this.place.replaceChildren(this.order.length ? list : element("p", {}, "There is no such image."));
      list.style.setProperty("--w", `${width}px`);
      list.style.setProperty("--h", `${height}px`);
      this.window = new Steerlens.Windowed(list, { count: this.order.length, width: (2 * width + 32) / 16, height: height / 16 + 3.6, make: (index) => this._tile(this.order[index]) });
    }

    address(pair) {
      const { from, to, d, sort, by } = this.state;
      return fragment({ from, to, image: this.from.number(pair), d: Steerlens.spelled(d), sort, by: by === "p" ? undefined : by });
    }

    _tile(pair) {
      const { from, state: { d, to } } = this, error = from.error(pair, d), label = from.label[from.image[pair]];
      const verdicts = error ? [] : from.verdicts(pair, d), p = from.value("probability", pair, d), k = Steerlens.firstWords(from.value("first_half", pair, d));
      const agreed = verdicts.filter(({ agrees }) => agrees).length, other = label >= 0 && label !== from.source;
      const said = error ? `error: ${error}` : `p of ${Steerlens.className(to)} ${percent(p)}, first k ${k}${verdicts.length ? `, ${agreed} of ${many(verdicts.length, "judge")} agree` : ""}`;
      const words = `Image ${from.number(pair)}${other ? `, labelled ${Steerlens.className(label)}` : ""}: ${said}`;
      const hidden = { "aria-hidden": "true" };
      const morph = error ? element("span", { class: "picture failed" }, "error") : Steerlens.canvasOf(Steerlens.morphPlace(from, pair, d), hidden);
      const values = error ? [element("span", { class: "bad" }, error)] : [element("b", {}, percent(p)), element("span", {}, `k ${k}`), marks(verdicts)];
      const link = element("a", { href: this.address(pair), "aria-label": words, title: words }, element("span", { class: "two" }, Steerlens.canvasOf(Steerlens.originalPlace(from, pair), hidden), morph), element("span", { class: "line" }, ...values), element("span", { class: "line number" }, `#${from.number(pair)}`, other ? element("span", { class: "bad" }, ` label ${Steerlens.className(label)}`) : ""));
      return element("li", {}, link);
    }

    /** Gives the focus to an image, or to where it was. */
    focus(state) {
      const index = state ? this.order.findIndex((pair) => this.from.number(pair) === state.image) : -1;
      this.window.focus(index < 0 ? this.window.at : index);
    }
  };
})(globalThis.Steerlens);
