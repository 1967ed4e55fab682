/* What networks look for: choose a part, search it, and look at one picture with what excites it. */
"use strict";

(function (Steerlens) {
  const { groups, data, names } = Steerlens.drawn, root = document.getElementById("drawn");
  const state = { group: 0, shown: [], at: -1 };
  const plain = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  /** A tile of a sheet that fills its box: sheet's file, tiles across, tiles in all, and which. */
  function tile(sheet, across, count, place, label) {
    const rows = Math.ceil(count / across), column = place % across, row = Math.floor(place / across);
    const at = (index, length) => (length > 1 ? (100 * index) / (length - 1) : 0);
    const made = element("span", label ? { class: "dr-tile", role: "img", "aria-label": label } : { class: "dr-tile", "aria-hidden": "true" });
    made.style.backgroundImage = `url(drawn/${sheet})`;
    made.style.backgroundSize = `${100 * across}% ${100 * rows}%`;
    made.style.backgroundPosition = `${at(column, across)}% ${at(row, rows)}%`;
    return made;
  }

  const pictureOf = (group, entry, label) => tile(`${group.sheet}.jpg`, group.across, group.count, entry.tile, label);

  // ---- one picture -----------------------------------------------------------------------------------------------

  /** An image of the data that is near a picture; its name alone where the data were not at hand. */
  function neighbour(group, near) {
    const photo = near.photo !== undefined, kept = data[photo ? "photo" : group.data];
    const key = photo ? near.photo : near.own, name = photo ? names[near.photo] : `image ${near.own}`;
    const value = Math.abs(near.value) < 1 ? near.value.toFixed(2) : near.value.toFixed(0);
    const caption = element("figcaption", {}, `${photo || !kept ? `${name}, ` : ""}${value}`);
    if (!kept) return element("figure", {}, caption);
    const box = element("div", { class: "dr-picture" }, tile(kept.sheet, kept.across, kept.count, kept.tiles[key], name));
    if (near.box) {
      const [top, left, side] = near.box, frame = element("i", { class: "dr-frame" });
      Object.assign(frame.style, { top: `${top}%`, left: `${left}%`, width: `${side}%`, height: `${side}%` });
      box.append(frame);
    }
    return element("figure", {}, box, caption);
  }

  const heading = element("h2", { id: "dr-name" }), large = element("div", { class: "dr-picture dr-large" });
  const facts = element("dl"), near = element("div", { class: "dr-near" });
  const button = (text, act) => {
    const made = element("button", { type: "button" }, text);
    made.addEventListener("click", act);
    return made;
  };
  const before = button("Previous", () => open(state.at - 1)), after = button("Next", () => open(state.at + 1));
  const dialog = element(
    "dialog",
    { "aria-labelledby": "dr-name" },
    element("div", { class: "dr-head" }, heading, button("Close", () => dialog.close())),
    element("div", { class: "dr-stage" }, large, facts),
    near,
    element("div", { class: "dr-turn" }, before, after),
  );
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) open(state.at + step);
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    history.replaceState(null, "", location.pathname + location.search);
    list.children[state.at]?.firstChild.focus();
  });

  function open(at) {
    if (at < 0 || at >= state.shown.length) return;
    state.at = at;
    const group = groups[state.group], entry = state.shown[at];
    heading.textContent = entry.name;
    large.replaceChildren(pictureOf(group, entry, `${entry.name}, drawn by MACO`));
    facts.replaceChildren(...entry.facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
    near.replaceChildren(...entry.near.map((each) => neighbour(group, each)));
    before.disabled = at === 0;
    after.disabled = at === state.shown.length - 1;
    if (!dialog.open) dialog.showModal();
    history.replaceState(null, "", `#${state.group}-${entry.id}`);
  }

  // ---- the list --------------------------------------------------------------------------------------------------

  const list = element("ul", { class: "dr-list" }), words = element("p");
  const said = element("p", { role: "status", class: "dr-said" });
  const part = element("select", { id: "dr-part" }, ...groups.map((group, n) => element("option", { value: n }, group.title)));
  const search = element("input", { id: "dr-search", type: "search", autocomplete: "off" });
  const sort = element("select", { id: "dr-sort" });
  const field = (text, control) => element("div", {}, element("label", { for: control.id }, text), control);

  function show() {
    const group = groups[state.group], asked = plain(search.value.trim());
    const by = (entry) => entry.keys[sort.value];
    state.shown = group.entries.filter((entry) => plain(entry.name).includes(asked)).sort((a, b) => by(a) - by(b));
    list.replaceChildren(
      ...state.shown.map((entry, at) => {
        const made = button("", () => open(at));
        made.append(pictureOf(group, entry), element("span", { class: "dr-name" }, entry.name));
        return element("li", {}, made);
      }),
    );
    said.textContent = `${state.shown.length} of ${group.entries.length}`;
  }

  function choose(index) {
    state.group = index;
    part.value = index;
    words.textContent = groups[index].words;
    sort.replaceChildren(...Object.entries(groups[index].sorts).map(([key, text]) => element("option", { value: key }, text)));
    search.value = "";
    show();
  }

  /** What the address asks for: a part, and a picture of it. */
  function follow() {
    const [, group, id] = location.hash.match(/^#(\d+)-(\d+)$/) || [];
    choose(groups[group] ? Number(group) : 0);
    const at = state.shown.findIndex((entry) => String(entry.id) === id);
    if (at >= 0) open(at);
  }

  part.addEventListener("change", () => choose(Number(part.value)));
  search.addEventListener("input", show);
  sort.addEventListener("change", show);
  addEventListener("hashchange", follow);
  const controls = element("div", { class: "dr-controls" }, field("Show", part), field("Search", search), field("Sort by", sort));
  root.replaceChildren(controls, words, said, list, dialog);
  follow();
})(globalThis.Steerlens);
