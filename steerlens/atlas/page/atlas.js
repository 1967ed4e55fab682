/* The atlas's page: the address says what is shown, and what is shown says so in the address. */
"use strict";

(function (Steerlens) {
  const { element, fragment } = Steerlens;
  const at = (id) => document.getElementById(id);

  let view = null, state = {}, turn = 0;

  Steerlens.message = function (error) {
    at("error").hidden = !error;
    at("error").textContent = error ? `This did not work: ${error.message || error}` : "";
  };

  /** The controls of a view; what had the focus has it again. */
  Steerlens.controls = function (made) {
    const { id, name, value } = document.activeElement ?? {}, place = at("controls"), inside = place.contains(document.activeElement);
    place.replaceChildren(...made);
    if (!inside) return;
    const again = id ? at(id) : [...place.querySelectorAll("input")].find((input) => input.name === name && input.value === value);
    again?.focus();
  };

  /** How an address spells a distance. */
  Steerlens.spelled = (d) => String(Steerlens.atlas.distances[d]);

  /** The choice of a distance. */
  Steerlens.distances = function (state, changed) {
    const options = Steerlens.atlas.distances.map((distance, d) => [String(d), Steerlens.short(distance)]);
    return Steerlens.segments("d", "L2 distance", options, String(state.d), (d) => changed(Number(d)));
  };

  /** A state in which every choice is one that exists. */
  function completed(asked) {
    const { distances, judges } = Steerlens.atlas, found = distances.findIndex((distance) => distance === Number(asked.d));
    const by = Object.hasOwn(Steerlens.MEASURES, asked.by) && (asked.by !== "agree" || judges.length) ? asked.by : "p";
    return { ...asked, by, d: found < 0 ? Math.floor((distances.length - 1) / 2) : found };
  }

  /** Shows another state: as a new entry of the history, or in the place of this one. */
  function navigate(to, replace = false) {
    const address = fragment({ ...to, d: Steerlens.spelled(to.d), by: to.by === "p" ? undefined : to.by });
    if (!replace) {
      location.hash = address;
      return;
    }
    try { history.replaceState(null, "", address); } catch { /* some browsers refuse for files */ }
    render(to);
  }

  const KINDS = [(s) => s.image !== undefined, (s) => s.from !== undefined && s.to !== undefined];
  const depth = (s) => (KINDS[0](s) ? 2 : KINDS[1](s) ? 1 : 0);

  async function opened(to) {
    const place = at("view");
    if (depth(to) === 0) return new Steerlens.Overview(place, to, navigate);
    return (depth(to) === 2 ? Steerlens.ImageView : Steerlens.Pair).open(place, to, navigate);
  }

  async function render(to) {
    const before = state, own = ++turn, arrow = document.activeElement?.closest(".turn a")?.id;
    if (depth(to) === 2 && to.from === undefined) {
      to.from = await Steerlens.sourceOf(to.image);
      if (own !== turn) return;
    }
    state = to;
    Steerlens.message(null);
    if (!view?.update(to)) {
      view?.close();
      view = null;
      const made = await opened(to);
      if (own !== turn) return made.close();
      view = made;
      attend(before, to, arrow);
    }
    words(to);
  }

  /** Where the focus goes: to what one comes back from, else to the title. */
  function attend(before, to, arrow) {
    if (Steerlens.first === undefined) Steerlens.first = performance.now();
    else if (depth(to) < depth(before)) view.focus(before);
    else {
      if (!arrow) scrollTo(0, 0);
      (at(arrow) ?? at("title")).focus({ preventScroll: Boolean(arrow) });
    }
  }

  function words(to) {
    at("title").textContent = view.title;
    document.title = `${depth(to) ? `${view.title} · ` : ""}Atlas · Steerlens`;
    at("about").replaceChildren(...view.about());
    const kept = { d: Steerlens.spelled(to.d), by: to.by === "p" ? undefined : to.by }, steps = [[fragment(kept), "All pairs"]];
    if (depth(to) && to.to !== undefined) steps.push([fragment({ ...kept, from: to.from, to: to.to, sort: to.sort }), Steerlens.pairName(to.from, to.to)]);
    if (depth(to) === 2) steps.push([location.hash, `Image ${to.image}`]);
    at("path").hidden = steps.length === 1;
    at("path").replaceChildren(...steps.map(([href, text], i) => element("li", {}, element("a", { href, "aria-current": i === steps.length - 1 ? "page" : null }, text))));
    at("status").textContent = `${view.title}, distance ${Steerlens.short(Steerlens.atlas.distances[to.d])}`;
  }

  /** One level up, keeping distance and order. */
  function up() {
    if (depth(state) === 2 && state.to !== undefined) navigate({ ...state, image: undefined });
    else if (depth(state)) navigate({ d: state.d, by: state.by });
  }

  function keyboard(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest?.("input, select")) return;
    if (event.key === "Escape") return up();
    if (!/^Arrow/.test(event.key) || event.target.closest?.("table, .window, .groups, fieldset")) return;
    if (depth(state) === 2) {
      if (event.key === "ArrowLeft" || event.key === "ArrowRight") view.step(event.key === "ArrowLeft" ? -1 : 1);
      else return; // up and down scroll
    } else view?.focus();
    event.preventDefault();
  }

  async function go(event) {
    event.preventDefault();
    const image = Number(at("number").value), source = await Steerlens.sourceOf(image);
    if (source === -2) return Steerlens.message(new Error(`there is no image ${image} in this atlas`));
    navigate({ from: source, image, d: state.d, by: state.by });
  }

  const follow = () => { render(completed(Steerlens.fromFragment(location.hash))).catch(Steerlens.message); };

  /** Begins, with what data/atlas.js brings. */
  Steerlens.open = function (atlas) {
    Steerlens.atlas = atlas;
    Steerlens.pairs = Steerlens.pairsOfClasses(atlas);
    at("number").max = String(atlas.count - 1);
    at("go").addEventListener("submit", go);
    addEventListener("hashchange", follow);
    addEventListener("keydown", keyboard);
    follow();
  };

  addEventListener("error", (event) => Steerlens.message(event.error || event.message));
  addEventListener("unhandledrejection", (event) => Steerlens.message(event.reason));
})(globalThis.Steerlens);
