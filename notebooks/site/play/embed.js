/* The small playground of the index: a picture to draw on, ten targets, play. */
"use strict";

(function (Steerlens) {
  const { element } = Steerlens;

  /** Mounts a small playground. @param {HTMLElement} place */
  Steerlens.mountCompact = async function (place) {
    const starts = Steerlens.startDigits();
    const state = Steerlens.initialState(starts[0].image), own = { touched: false, tour: -1, drawing: false };
    place.classList.add("sl-play", "sl-compact");
    const figure = element("div"), side = element("div", { class: "sl-side" });
    const hint = element("p", { class: "sl-hint" }, "Draw a digit on the picture, then choose what it should become.");
    const verdict = element("p", { class: "sl-verdict" }), targets = element("div", { id: `sl-${place.id || "compact"}` });
    const more = element("a", { href: "play.html" }, "Open the playground"), waves = element("a", { href: "pyramid.html" }, "See the waves");
    place.append(figure, side);

    const film = new Steerlens.Film({ shown: show, ended: tour, idle: () => false });
    const pad = new Steerlens.Pad(figure, { drawing: reading });
    const mark = Steerlens.targetButtons(targets, choose);
    const play = Steerlens.playButton(() => {
      own.touched = true;
      if (pad.drawing) return choose(state.target);
      return film.playing ? film.pause() : film.play();
    });
    side.append(hint, targets, element("div", { class: "sl-row" }, play.button, verdict), element("div", { class: "sl-row" }, more, waves));
    more.addEventListener("click", () => { if (own.touched) more.setAttribute("href", `play.html#${Steerlens.fragment(state)}`); });
    const network = await Steerlens.network(state.a.driver);

    function remake() {
      const calm = Steerlens.calm();
      film.set([new Steerlens.Morph(network, state.image, Steerlens.morphSettings(state, state.a))], state.steps, { position: calm ? state.steps : 0, play: !calm });
      mark(state.target);
    }

    function show() {
      if (own.drawing || !film.morphs.length) return;
      const frame = film.frame(film.morphs[0]), seen = Steerlens.top(frame.probabilities);
      verdict.textContent = `The network sees ${Steerlens.named(seen)} (${Steerlens.percent(frame.probabilities[seen])}).`;
      pad.show(frame.image, `A digit on its way to ${Steerlens.named(state.target)}. ${verdict.textContent}`);
      play.show(film.playing);
    }

    function choose(target) {
      const drawn = pad.finish();
      Object.assign(own, { touched: true, drawing: false });
      Object.assign(state, { target }, drawn ? { image: drawn } : {});
      remake();
    }

    function reading(image) {
      Object.assign(own, { touched: true, drawing: true });
      film.playing = false;
      play.show(false);
      mark(null);
      const p = Steerlens.softmax(network.logits(image)), seen = Steerlens.top(p);
      verdict.textContent = `Reads like ${Steerlens.named(seen)} (${Steerlens.percent(p[seen])}).`;
    }

    function tour() {
      if (own.touched) return;
      own.tour = (own.tour + 1) % Steerlens.TOUR.length;
      const [source, target] = Steerlens.TOUR[own.tour];
      Object.assign(state, { target, image: Steerlens.startOf(starts, source).image });
      remake();
    }

    tour();
  };

  document.querySelectorAll("[data-steerlens-playground]").forEach((place) => Steerlens.mountCompact(/** @type {HTMLElement} */ (place)));
})(globalThis.Steerlens);
