/* A long list of which only what is near the screen exists, and a focus that arrows move. */
"use strict";

(function (Steerlens) {
  const MARGIN = 400; // pixels above and below the screen that are made, too

  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  /** The place that a key leads to from another one in lines of `columns`; null if the key means nothing here. */
  Steerlens.moved = function (event, at, count, columns) {
    if (event.ctrlKey || event.metaKey || event.altKey) return null;
    if (event.key === "Home") return 0;
    if (event.key === "End") return count - 1;
    const step = STEPS[event.key];
    if (!step) return null;
    const to = at + step[0] + step[1] * columns;
    return to >= 0 && to < count ? to : at;
  };

  /** The same among links that lie anywhere: up and down go to the nearest one on another line. */
  Steerlens.neighbour = function (event, links, at) {
    const up = event.key === "ArrowUp";
    if (!up && event.key !== "ArrowDown") return Steerlens.moved(event, at, links.length, 1);
    if (event.ctrlKey || event.metaKey || event.altKey) return null;
    const places = links.map((link) => link.getBoundingClientRect()), here = places[at];
    const far = places.map(({ left, top }) => {
      const lines = up ? here.top - top : top - here.top;
      return lines > 1 ? lines * 1e4 + Math.abs(left - here.left) : Infinity;
    });
    const nearest = far.indexOf(Math.min(...far));
    return Number.isFinite(far[nearest]) ? nearest : at;
  };

  /** Items of equal size, in as many columns as fit. */
  Steerlens.Windowed = class {
    /**
     * @param {HTMLElement} list @param {object} options
     * count: how many items; width, height: of one, at least and exactly, in rem;
     * make: (index) => HTMLElement with one link in it
     */
    constructor(list, { count, width, height, make }) {
      const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
      Object.assign(this, { list, count, make, least: width * rem, height: height * rem, made: new Map(), at: 0 });
      this.draw = () => this._draw();
      addEventListener("scroll", this.draw, { passive: true });
      this.sizes = new ResizeObserver(() => this._resized());
      this.sizes.observe(list);
      list.addEventListener("keydown", (event) => {
        const to = Steerlens.moved(event, this.at, this.count, this.columns);
        if (to === null) return;
        event.preventDefault();
        this.focus(to);
      });
      list.addEventListener("focusin", (event) => {
        const item = event.target.closest("[data-index]");
        if (item) this._reach(Number(item.dataset.index));
      });
      this._draw();
    }

    close() {
      removeEventListener("scroll", this.draw);
      this.sizes.disconnect();
    }

    /** Brings an item onto the screen and gives it the focus. */
    focus(index) {
      if (!this.count) return;
      this._reach(index);
      const top = this.list.getBoundingClientRect().top + Math.floor(index / this.columns) * this.height;
      if (top < 0) scrollBy({ top: top - 8, behavior: "instant" });
      else if (top + this.height > innerHeight) scrollBy({ top: top + this.height - innerHeight + 8, behavior: "instant" });
      this._draw();
      this.made.get(index).querySelector("a").focus({ preventScroll: true });
    }

    /** Which item the arrows start from; the only one that the tabulator stops at. */
    _reach(index) {
      this._stop(this.at, -1);
      this.at = index;
      this._stop(index, 0);
    }

    _stop(index, tab) {
      const link = this.made.get(index)?.querySelector("a");
      if (link) link.tabIndex = tab;
    }

    _resized() {
      if (this.list.clientWidth === this.width) return;
      const focused = this.list.contains(document.activeElement);
      for (const item of this.made.values()) item.remove();
      this.made.clear();
      this._draw();
      if (focused) this.focus(this.at);
    }

    _draw() {
      const width = this.width = this.list.clientWidth;
      this.columns = Math.max(1, Math.floor(width / this.least));
      const rows = Math.ceil(this.count / this.columns), top = this.list.getBoundingClientRect().top;
      this.list.style.height = `${rows * this.height}px`;
      const first = Math.max(0, Math.floor((-top - MARGIN) / this.height)) * this.columns;
      const end = Math.min(this.count, Math.ceil((innerHeight - top + MARGIN) / this.height) * this.columns);
      const wanted = new Set(Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i));
      if (this.count) wanted.add(this.at); // so that the focus is never lost
      for (const [index, item] of this.made) {
        if (!wanted.has(index)) { item.remove(); this.made.delete(index); }
      }
      for (const index of wanted) if (!this.made.has(index)) this._place(index, width / this.columns);
    }

    _place(index, width) {
      const item = this.make(index);
      item.dataset.index = String(index);
      item.setAttribute("aria-posinset", String(index + 1));
      item.setAttribute("aria-setsize", String(this.count));
      item.querySelector("a").tabIndex = index === this.at ? 0 : -1;
      const x = (index % this.columns) * width, y = Math.floor(index / this.columns) * this.height;
      Object.assign(item.style, { width: `${width}px`, height: `${this.height}px`, transform: `translate(${x}px, ${y}px)` });
      const after = [...this.made.keys()].filter((other) => other > index).sort((a, b) => a - b)[0];
      this.list.insertBefore(item, this.made.get(after) ?? null); // readers and tabulator follow the order
      this.made.set(index, item);
    }
  };
})(globalThis.Steerlens);
