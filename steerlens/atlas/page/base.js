/* What the parts of the atlas's page share: elements, numbers as words, the address. */
"use strict";

globalThis.Steerlens = globalThis.Steerlens || {};

(function (Steerlens) {
  /** An element with attributes and children; null and false among them are left out. */
  Steerlens.element = function (tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== null && child !== false));
    return made;
  };

  /** "light" or "dark", as the system wishes. */
  Steerlens.scheme = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

  /** A whole number with separators. */
  Steerlens.count = (n) => n.toLocaleString("en");

  /** "1 image", "2 images". */
  Steerlens.many = (n, what) => `${Steerlens.count(n)} ${what}${n === 1 ? "" : "s"}`;

  /** A share that never claims certainty: short, for small places. @param {number} p */
  Steerlens.percent = function (p) {
    if (!(p >= 0)) return "–";
    if (p > 0 && p < 0.005) return "<1%";
    return p >= 0.995 && p < 1 ? ">99%" : `${Math.round(100 * p)}%`;
  };

  /** A probability to three places, as far as that says anything. */
  Steerlens.probability = function (p) {
    if (!(p >= 0)) return "–";
    return p < 0.001 ? "< 0.001" : p > 0.999 ? "> 0.999" : p.toFixed(3);
  };

  /** The distance in a few digits. */
  Steerlens.short = (x) => (x >= 0 ? String(Number(x.toPrecision(3))) : "–");

  // ---- address ---------------------------------------------------------------------------------------------------

  const WHOLE = ["from", "to", "image"];

  /** What an address asks for. What it lacks, or what makes no sense, is left to the page. @param {string} fragment */
  Steerlens.fromFragment = function (fragment) {
    const asked = new URLSearchParams(fragment.replace(/^#/, "")), state = {};
    for (const name of WHOLE) if (/^-?\d{1,9}$/.test(asked.get(name) ?? "")) state[name] = Number(asked.get(name));
    for (const name of ["d", "sort", "by", "as", "find"]) if (asked.get(name)) state[name] = asked.get(name);
    return state;
  };

  /** The address of a state; what is as it always is stays out. */
  Steerlens.fragment = function (state) {
    const kept = [...WHOLE, "d", "by", "sort", "as", "find"].filter((name) => state[name] !== undefined && state[name] !== null && state[name] !== "");
    return `#${new URLSearchParams(kept.map((name) => [name, String(state[name])]))}`;
  };

  // ---- controls --------------------------------------------------------------------------------------------------

  /** A choice of a few, side by side. @param {[string, string][]} options value and words */
  Steerlens.segments = function (name, legend, options, chosen, changed) {
    const box = Steerlens.element("div");
    for (const [value, words] of options) {
      const input = Steerlens.element("input", { type: "radio", name, value, checked: value === chosen });
      input.addEventListener("change", () => changed(value));
      box.append(Steerlens.element("label", {}, input, Steerlens.element("span", {}, words)));
    }
    return Steerlens.element("fieldset", { class: "choice" }, Steerlens.element("legend", {}, legend), box);
  };

  /** A choice of one from a list. */
  Steerlens.select = function (name, label, options, chosen, changed) {
    const choices = options.map(([value, words]) => Steerlens.element("option", { value, selected: value === chosen }, words));
    const select = Steerlens.element("select", { id: name }, ...choices);
    select.addEventListener("change", () => changed(select.value));
    return Steerlens.element("div", { class: "field" }, Steerlens.element("label", { for: name }, label), select);
  };
})(globalThis.Steerlens);
