/* The first screen: every source class by every target, as a matrix, or as a list where there are too many. */
"use strict";

(function (Steerlens) {
  const { element, count, many, percent, segments, select, short, fragment } = Steerlens;
  const MOST = 40; // classes that a matrix still shows
  const RAMP = { light: [[255, 255, 255], [11, 95, 184]], dark: [[27, 31, 39], [121, 182, 255]] };

  /** What a cell can tell. */
  const MEASURES = {
    p: { words: "Median p of the target", name: "probability", text: percent, said: (v) => `median p ${percent(v)}` },
    reached: { words: "Share that reaches the target (p ≥ ½)", name: "reached", text: percent, said: (v) => `${percent(v)} reach the target` },
    attained: { words: "Share that attains the distance", name: "attained", text: percent, said: (v) => `${percent(v)} attain the distance` },
    first: { words: "Median first k (p ≥ ½)", name: "first", text: String, said: (v) => `median first k ${v}` },
    half: { words: "Median L2 distance at which p reaches ½", name: "half", text: (v) => (v === "never" ? v : short(v)), said: (v) => `p reaches ½ at a median L2 of ${v === "never" ? v : short(v)}` },
    agree: { words: "Share of judges that agree", name: "agree", text: percent, said: (v) => `${percent(v)} of the judges agree` },
  };
  Steerlens.MEASURES = MEASURES;
  const OPEN = ["first", "half"]; // measures that have no upper end

  const ORDERS = {
    count: ["most images first", (pair) => -pair.count],
    high: ["highest value first", (pair, value) => -number(value, -Infinity)],
    low: ["lowest value first", (pair, value) => number(value, Infinity)],
    names: ["by class", () => 0],
    errors: ["most errors first", (pair) => -pair.errors],
  };

  const number = (value, none) => (value === "never" ? 1e9 : value ?? none);

  Steerlens.className = (c) => (c < 0 ? "unknown" : Steerlens.atlas.names?.[c] ?? String(c));
  Steerlens.pairName = (from, to) => `${Steerlens.className(from)} → ${Steerlens.className(to)}`;

  /** The cells of each pair of classes that occurs: {source, target, at: cell by distance}. */
  Steerlens.pairsOfClasses = function ({ cells }) {
    const found = new Map();
    cells.source.forEach((source, i) => {
      const target = cells.target[i], key = `${source},${target}`;
      if (!found.has(key)) found.set(key, { source, target, at: [] });
      found.get(key).at[cells.d[i]] = Object.fromEntries(Object.keys(cells).map((name) => [name, cells[name][i]]));
    });
    return found;
  };

  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => (value <= 10 ? value / 3294 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };

  /** Ground and ink of a share: one of black and white is always readable. */
  function shade(share, scheme) {
    const [from, to] = RAMP[scheme], ground = from.map((value, c) => Math.round(value + share * (to[c] - value)));
    return `background:rgb(${ground});color:${luminance(ground) > 0.179 ? "#000" : "#fff"}`;
  }

  /** The share of the ramp that a value gets. */
  function shareOf(by, value, largest) {
    if (typeof value !== "number") return 0;
    return OPEN.includes(by) ? value / largest : value;
  }

  Steerlens.Overview = class {
    constructor(place, state, navigate) {
      Object.assign(this, { place, state, navigate, pairs: [...Steerlens.pairs.values()] });
      this.sources = [...new Set(this.pairs.map(({ source }) => source))].sort((a, b) => (a < 0) - (b < 0) || a - b);
      this.targets = [...new Set(this.pairs.map(({ target }) => target))].sort((a, b) => (a < 0) - (b < 0) || a - b);
      this.small = Math.max(this.sources.length, this.targets.length) <= MOST;
      this.list = !this.small || state.as === "list";
      this.title = "Every image on its way to other classes";
      this._controls();
      this.refresh();
      this.repaint = () => this.refresh();
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.repaint);
    }

    close() {
      matchMedia("(prefers-color-scheme: dark)").removeEventListener("change", this.repaint);
      this.window?.close();
    }

    about() {
      const { atlas } = Steerlens, errors = atlas.cells.errors.reduce((sum, n) => sum + n, 0);
      const parts = [many(atlas.images, "image"), many(atlas.rows, "morph"), `model ${String(atlas.model).replace(/^sha256:/, "").slice(0, 12)}`];
      if (atlas.judges.length) parts.push(`${atlas.judges.length === 1 ? "judge" : "judges"} ${atlas.judges.join(", ")}`);
      const words = [parts.join(" · ")];
      if (errors) words.push(" · ", element("a", { class: "bad", href: fragment({ d: this.state.d, as: "list", sort: "errors" }) }, `${many(errors, "row")} with errors`));
      return words;
    }

    /** A change of what is shown, in the same place of the history. */
    _set(changed) {
      this.navigate({ ...this.state, ...changed }, true);
    }

    update(state) {
      if (state.image !== undefined || state.from !== undefined || (state.as === "list" || !this.small) !== this.list) return false;
      const again = state.sort !== this.state.sort || state.by !== this.state.by || state.d !== this.state.d;
      this.state = state;
      if (again) this._controls();
      this.refresh();
      return true;
    }

    _controls() {
      const { state } = this, measures = Object.entries(MEASURES).filter(([by]) => by !== "agree" || Steerlens.atlas.judges.length);
      const made = [
        select("by", "Shown in a cell", measures.map(([by, { words }]) => [by, words]), state.by, (by) => this._set({ by })),
        Steerlens.distances(state, (d) => this._set({ d })),
      ];
      if (this.small) made.push(segments("as", "Pairs as", [["matrix", "matrix"], ["list", "list"]], this.list ? "list" : "matrix", (as) => this.navigate({ ...state, as: as === "list" ? as : undefined, sort: undefined, find: undefined }, true)));
      if (this.list) {
        made.push(select("sort", "Order", Object.entries(ORDERS).map(([order, [words]]) => [order, words]), this._order(), (sort) => this._set({ sort })));
        const find = element("input", { id: "find", type: "search", value: state.find ?? "" });
        find.addEventListener("input", () => this._set({ find: find.value || undefined }));
        made.push(element("div", { class: "field" }, element("label", { for: "find" }, "Only classes named"), find));
      }
      Steerlens.controls(made);
    }

    _order() {
      return Object.hasOwn(ORDERS, this.state.sort) ? this.state.sort : "count";
    }

    refresh() {
      const { d, by } = this.state, { name } = MEASURES[by];
      const values = this.pairs.map(({ at }) => at[d]?.[name]).filter((value) => typeof value === "number");
      this.largest = Math.max(1, ...values.slice(0, 1e5));
      this.window?.close();
      this.window = null;
      const focused = this.place.contains(document.activeElement);
      this.place.replaceChildren(this._legend(), this.list ? this._list() : this._matrix());
      if (this.list) this._fill();
      if (focused) this.focus();
    }

    _legend() {
      const { by } = this.state, { text, words } = MEASURES[by], scheme = Steerlens.scheme();
      const swatches = [0, 0.25, 0.5, 0.75, 1].map((share) => element("i", { style: shade(share, scheme) }));
      const ends = OPEN.includes(by) ? ["0", short(this.largest)] : [text(0), text(1)];
      return element("p", { class: "legend" }, `${words}: ${ends[0]} `, element("span", { class: "ramp", "aria-hidden": "true" }, ...swatches), ` ${ends[1]}. Small: how many images.`);
    }

    /** The inside of a pair's link, and what is said of it. */
    _cell({ source, target, at }) {
      const { d, by } = this.state, cell = at[d], { name, text, said } = MEASURES[by], value = cell?.[name];
      const known = value !== null && value !== undefined, errors = cell?.errors ?? 0;
      const words = `${Steerlens.pairName(source, target)}: ${known ? said(value) : "no values"}, ${many(cell?.count ?? 0, "image")}${errors ? `, ${many(errors, "error")}` : ""}`;
      return { href: this.address(source, target), words, value: known ? text(value) : "–", count: cell?.count ?? 0, errors, style: shade(shareOf(by, value, this.largest), Steerlens.scheme()) };
    }

    address(from, to) {
      const { d, by } = this.state;
      return fragment({ from, to, d: Steerlens.spelled(d), by: by === "p" ? undefined : by });
    }

    // ---- matrix --------------------------------------------------------------------------------------------------

    _matrix() {
      const { className } = Steerlens, long = this.targets.length > 6 && this.targets.some((c) => className(c).length > 4);
      const head = element("tr", {}, element("td", { class: "corner" }, "from ↓ to →"), ...this.targets.map((c) => element("th", { scope: "col", title: className(c) }, element("span", {}, className(c)))));
      this.links = [];
      const rows = this.sources.map((source) => element("tr", {}, element("th", { scope: "row", title: className(source) }, element("span", {}, className(source))), ...this.targets.map((target) => this._square(source, target))));
      const caption = element("caption", { class: "unseen" }, `${MEASURES[this.state.by].words}, by the class of the image and the target`);
      const table = element("table", { class: `matrix${long ? " long" : ""}`, style: `--columns:${this.targets.length}` }, caption, element("thead", {}, head), element("tbody", {}, ...rows));
      table.addEventListener("keydown", (event) => this._keys(event));
      table.addEventListener("focusin", (event) => this._reach(this.links.indexOf(event.target.closest("a"))));
      this.at = this.links[this.at] ? this.at : this.links.findIndex(Boolean);
      this._reach(this.at);
      return element("div", { class: "box" }, table);
    }

    _square(source, target) {
      const pair = Steerlens.pairs.get(`${source},${target}`);
      if (!pair) {
        this.links.push(null);
        return element("td", { class: "none" });
      }
      const { href, words, value, count: n, errors, style } = this._cell(pair);
      const link = element("a", { href, style, "aria-label": words, title: words, tabindex: -1 }, element("b", {}, value), element("small", {}, count(n)), errors ? element("span", { class: "flag", "aria-hidden": "true" }, "!") : null);
      this.links.push(link);
      return element("td", {}, link);
    }

    _keys(event) {
      let to = this.at;
      do {
        const next = Steerlens.moved(event, to, this.links.length, this.targets.length);
        if (next === null) return;
        if (next === to) break;
        to = next;
        if (event.key === "Home" || event.key === "End") {
          to = event.key === "Home" ? this.links.findIndex(Boolean) : this.links.findLastIndex(Boolean);
        }
      } while (!this.links[to]);
      event.preventDefault();
      this.links[to]?.focus();
    }

    _reach(index) {
      if (index < 0) return;
      if (this.links[this.at]) this.links[this.at].tabIndex = -1;
      this.at = index;
      this.links[index].tabIndex = 0;
    }

    /** Gives the focus to a pair, or to where it was. */
    focus(state) {
      if (this.list) {
        const index = state ? this.shown.findIndex(({ source, target }) => source === state.from && target === state.to) : -1;
        this.window.focus(index < 0 ? Math.min(this.window.at, this.shown.length - 1) : index);
      } else {
        const place = state ? this.sources.indexOf(state.from) * this.targets.length + this.targets.indexOf(state.to) : this.at;
        (this.links[place] ?? this.links[this.at])?.focus();
      }
    }

    // ---- list ----------------------------------------------------------------------------------------------------

    _list() {
      const { d, by, find } = this.state, [, score] = ORDERS[this._order()], { name } = MEASURES[by];
      const asked = (find ?? "").trim().toLowerCase();
      const fits = ({ source, target }) => [source, target].some((c) => Steerlens.className(c).toLowerCase().includes(asked));
      const counted = this.pairs.map((pair) => ({ ...pair, count: pair.at[d]?.count ?? 0, errors: pair.at[d]?.errors ?? 0 }));
      this.shown = counted.filter((pair) => !asked || fits(pair));
      const scores = new Map(this.shown.map((pair) => [pair, score(pair, pair.at[d]?.[name])]));
      this.shown.sort((a, b) => (scores.get(a) === scores.get(b) ? 0 : scores.get(a) < scores.get(b) ? -1 : 1));
      return element("div", {}, element("p", { class: "found" }, many(this.shown.length, "pair")), element("ul", { class: "window pairs", "aria-label": "Pairs of classes" }));
    }

    _fill() {
      const make = (index) => {
        const { href, words, value, count: n, errors, style } = this._cell(this.shown[index]), { source, target } = this.shown[index];
        return element("li", {}, element("a", { href, "aria-label": words }, element("b", { class: "value", style }, value), element("span", { class: "names" }, element("span", {}, Steerlens.className(source)), element("span", {}, `→ ${Steerlens.className(target)}`)), element("small", {}, many(n, "image")), errors ? element("small", { class: "bad" }, many(errors, "error")) : null));
      };
      this.window = new Steerlens.Windowed(this.place.querySelector("ul"), { count: this.shown.length, width: 21, height: 3.5, make });
    }
  };
})(globalThis.Steerlens);
