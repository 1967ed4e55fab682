/* The parts that the playground's page and the small one on the index share: targets, timeline, words. */
"use strict";

(function (Steerlens) {
  const { element } = Steerlens;

  /**
   * Ten buttons, one for each class.
   * @param {HTMLElement} place @param {(target: number) => void} chosen
   * @returns {(target: number | null) => void} marks the one that is asked for
   */
  Steerlens.targetButtons = function (place, chosen) {
    const name = element("span", { class: "sl-label", id: `${place.id || "sl"}-label` }, "Turn it into");
    const group = element("div", { class: "sl-targets", role: "group", "aria-labelledby": name.id });
    const buttons = Array.from({ length: 10 }, (_, digit) => {
      const button = element("button", { type: "button", "aria-pressed": "false" }, String(digit));
      button.addEventListener("click", () => chosen(digit));
      return button;
    });
    group.append(...buttons);
    place.append(name, group);
    return (target) => buttons.forEach((button, digit) => button.setAttribute("aria-pressed", String(digit === target)));
  };

  const PLAY = "M8 5v14l11-7z", PAUSE = "M7 5h4v14H7zM13 5h4v14h-4z";

  /** A button that plays and pauses. @returns {{button: HTMLButtonElement, show: (playing: boolean) => void}} */
  Steerlens.playButton = function (pressed) {
    const button = /** @type {HTMLButtonElement} */ (element("button", { type: "button", class: "sl-round" }));
    button.addEventListener("click", pressed);
    let now = null;
    const show = (playing) => {
      if (playing === now) return;
      now = playing;
      button.setAttribute("aria-label", playing ? "Pause" : "Play");
      button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${playing ? PAUSE : PLAY}"/></svg>`;
    };
    show(false);
    return { button, show };
  };

  /** Sources and targets that are shown until somebody takes over. */
  Steerlens.TOUR = [[4, 9], [3, 8], [9, 4], [0, 6], [5, 6], [1, 7]];

  /** The digits one may start with: real ones if the build had them, else drawn ones. */
  Steerlens.startDigits = function () {
    const kept = (Steerlens.digits ?? []).map(({ label, pixels, source }) => ({ label, source, image: Steerlens.unpacked(pixels) }));
    return kept.length ? kept : Steerlens.drawnDigits();
  };

  /** The last of them of a class. */
  Steerlens.startOf = (starts, digit) => starts.filter(({ label }) => label === digit).pop();

  /** The class with the largest probability. */
  Steerlens.top = (probabilities) => probabilities.indexOf(Math.max(...probabilities));

  /** "a 3", "an 8". */
  Steerlens.named = (digit) => `${digit === 8 ? "an" : "a"} ${digit}`;

  /** What driver and judge see, in a sentence. @param {Float64Array | null} judged */
  Steerlens.verdict = function (driven, judged, target) {
    const { top, named, percent } = Steerlens;
    const driver = top(driven), first = `The driver sees ${named(driver)} (${percent(driven[driver])}).`;
    if (!judged) return [first, "", ""];
    const judge = top(judged), sees = `${named(judge)} (${percent(judged[judge])})`;
    if (driver === target && judge === target) return [first, `The judge agrees: ${sees}.`, "agrees"];
    if (driver === target) return [first, `The judge does not: it sees ${sees}.`, "differs"];
    return [first, `The judge sees ${sees}.`, ""];
  };
})(globalThis.Steerlens);
