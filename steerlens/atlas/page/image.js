/* One image and all its morphs: the one that was chosen large, with what the models see in it and what changed. */
"use strict";

(function (Steerlens) {
  const { element, count, many, percent, probability, short, fragment, className, firstWords } = Steerlens;

  Steerlens.ImageView = class {
    static async open(place, state, navigate) {
      return new Steerlens.ImageView(place, state, navigate, await Steerlens.source(state.from));
    }

    constructor(place, state, navigate, from) {
      const pairs = from.pairsOf(state.image);
      Object.assign(this, { place, navigate, from, pairs, state, title: `Image ${state.image}` });
      if (!pairs.length) {
        place.replaceChildren(element("p", {}, `There is no image ${state.image} among those that the model sees as ${className(state.from)}.`));
        Steerlens.controls([]);
        return;
      }
      state.to = state.to ?? from.target[pairs[0]];
      this.stage = element("section", { class: "card stage", "aria-label": "The morph" });
      this.groups = this._groups();
      place.replaceChildren(this.stage, element("h2", {}, "All its morphs"), this.groups);
      this.update(state);
      this.repaint = () => this._stage();
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.repaint);
    }

    close() {
      matchMedia("(prefers-color-scheme: dark)").removeEventListener("change", this.repaint);
    }

    about() {
      const { from, pairs } = this, label = pairs.length ? from.label[from.image[pairs[0]]] : -1;
      const seen = `the model sees ${className(from.source)}`;
      if (label < 0) return [seen];
      return [`label ${className(label)} · `, element("span", { class: label === from.source ? "" : "bad" }, seen)];
    }

    /** Another target or distance of the same image. */
    update(state) {
      if (state.image !== this.state.image || state.from !== this.state.from) return false;
      this.state = state;
      const chosen = this.pairs.findIndex((pair) => this.from.target[pair] === state.to);
      this.chosen = Math.max(0, chosen);
      this._controls();
      this._stage();
      for (const link of this.groups.querySelectorAll("a")) {
        const here = Number(link.dataset.at) === this.chosen * this.from.D + state.d;
        link.tabIndex = here ? 0 : -1;
        if (here) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
      return true;
    }

    // ---- the next image ------------------------------------------------------------------------------------------

    _neighbours() {
      const { from, state } = this, order = from.order(from.target[this.pairs[this.chosen]], state.d, Steerlens.orderOf(state));
      const at = order.indexOf(this.pairs[this.chosen]);
      return { at, order, previous: order[at - 1], next: order[at + 1] };
    }

    _controls() {
      const { at, order, previous, next } = this._neighbours(), { state } = this, to = this.from.target[this.pairs[this.chosen]];
      const button = (id, pair, words) => (pair === undefined ? element("span", { class: "button off", "aria-hidden": "true" }, words) : element("a", { class: "button", id, href: this.address(this.from.number(pair), to, state.d) }, words));
      const place = `${count(at + 1)} of ${count(order.length)} · ${Steerlens.pairName(state.from, to)} · ${Steerlens.SORTS[Steerlens.orderOf(state)].words}`;
      Steerlens.controls([element("div", { class: "turn" }, button("previous", previous, "← Previous"), button("next", next, "Next →"), element("span", {}, place))]);
    }

    /** The arrows where nothing has the focus that knows them. */
    step(by) {
      const { previous, next } = this._neighbours(), pair = by < 0 ? previous : next;
      if (pair !== undefined) this.navigate({ ...this.state, image: this.from.number(pair) });
    }

    address(image, to, d) {
      const { from, sort, by } = this.state;
      return fragment({ from, to, image, d: Steerlens.spelled(d), sort, by: by === "p" ? undefined : by });
    }

    // ---- the chosen morph ----------------------------------------------------------------------------------------

    _stage() {
      const { from, state: { d, image } } = this, pair = this.pairs[this.chosen], to = className(from.target[pair]), error = from.error(pair, d);
      const [original, morph] = Steerlens.largePlaces(from, pair, d), asked = short(Steerlens.atlas.distances[d]);
      const figure = (words, caption, place, fill) => element("figure", {}, Steerlens.canvasOf(place, { role: "img", "aria-label": words }, fill), element("figcaption", {}, caption));
      const figures = [figure(`Image ${image}, as it is`, "original", original)];
      if (error) figures.push(element("figure", {}, element("span", { class: "picture failed" }, "no morph"), element("figcaption", {}, `→ ${to}`)));
      else {
        figures.push(figure(`Image ${image} at distance ${asked} towards ${to}`, `→ ${to}, distance ${asked}`, morph));
        figures.push(figure("What changed: brighter in red, darker in blue", "what changed", morph, (canvas) => Steerlens.showChange(canvas, original, morph, Steerlens.scheme())));
      }
      this.stage.replaceChildren(element("div", { class: "figures" }, ...figures), error ? element("p", { class: "failure" }, `This morph has no values: ${error}`) : this._facts(pair, d, to));
    }

    _facts(pair, d, to) {
      const { from } = this, value = (name) => from.value(name, pair, d);
      const fact = (name, ...words) => [element("dt", {}, name), element("dd", {}, ...words)];
      const rows = [
        fact(`p of ${to}`, element("b", {}, probability(value("probability"))), `, ${probability(value("probability_before"))} before`),
        fact("L2 distance", `${short(value("attained"))} of ${short(Steerlens.atlas.distances[d])}`),
        fact("First k", `${firstWords(value("first_half"))} with p ≥ ½, ${firstWords(value("first_sure"))} with p ≥ 0.99`),
        fact("p reaches ½", value("distance_half") >= 0 ? `at L2 ${short(value("distance_half"))}` : "never"),
      ];
      if (!Number.isNaN(value("warp_energy"))) rows.push(fact("Warp energy", short(value("warp_energy"))));
      for (const { name, sees, p, agrees } of from.verdicts(pair, d)) {
        rows.push(fact(`Judge ${name}`, element("b", { class: agrees ? "good" : "bad" }, `${agrees ? "✓" : "✗"} sees ${className(sees)}`), `, p of ${to} ${probability(p)}`));
      }
      return element("dl", { class: "facts" }, ...rows.flat());
    }

    // ---- all morphs ----------------------------------------------------------------------------------------------

    _groups() {
      const { from, pairs } = this, { distances } = Steerlens.atlas;
      const items = pairs.map((pair, row) => {
        const to = className(from.target[pair]), tiles = distances.map((_, d) => this._morph(pair, row, d, to));
        return element("li", {}, element("h3", { title: to }, `→ ${to}`), element("div", {}, ...tiles));
      });
      const groups = element("ul", { class: "groups", style: `--distances:${distances.length}` }, ...items);
      groups.addEventListener("keydown", (event) => {
        const links = [...groups.querySelectorAll("a")], to = Steerlens.neighbour(event, links, links.indexOf(document.activeElement));
        if (to === null) return;
        event.preventDefault();
        links[to].focus();
        links[to].click();
      });
      groups.addEventListener("click", (event) => {
        const link = event.target.closest("a");
        if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        const at = Number(link.dataset.at);
        this.navigate({ ...this.state, to: from.target[pairs[Math.floor(at / from.D)]], d: at % from.D }, true);
      });
      return groups;
    }

    _morph(pair, row, d, to) {
      const { from } = this, error = from.error(pair, d), p = percent(from.value("probability", pair, d));
      const verdicts = error ? [] : from.verdicts(pair, d), agreed = verdicts.filter(({ agrees }) => agrees).length;
      const words = error ? `${to}, no morph: ${error}` : `${to} at distance ${short(Steerlens.atlas.distances[d])}: p ${p}${verdicts.length ? `, ${agreed} of ${many(verdicts.length, "judge")} agree` : ""}`;
      const picture = error ? element("span", { class: "picture failed" }, "error") : Steerlens.canvasOf(Steerlens.morphPlace(from, pair, d), { "aria-hidden": "true" });
      const line = error ? "" : element("span", { class: "line" }, p, verdicts.length ? element("span", { class: agreed === verdicts.length ? "good" : agreed ? "" : "bad" }, `${agreed}/${verdicts.length}`) : null);
      const asked = element("span", { class: "line number" }, `L2 ${short(Steerlens.atlas.distances[d])}`);
      return element("a", { href: this.address(from.number(pair), from.target[pair], d), "aria-label": words, title: words, "data-at": row * from.D + d, tabindex: -1 }, picture, asked, line);
    }
  };
})(globalThis.Steerlens);
