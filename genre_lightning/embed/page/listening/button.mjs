// The button that plays a song and shows how much of it was heard, and a line below it for what goes wrong.

import { button, element } from "../elements.mjs";

// `more` are buttons that stand beside it
export function playButton(toggle, ...more) {
  const play = button("play", toggle, element("b", {}, "Play"), element("span", { class: "heard" }));
  const buttons = element("p", { class: "controls" }, play, ...more);
  return element("div", {}, buttons, element("p", { class: "trouble", role: "alert", hidden: "" }));
}

// What the button in a section says, as the player tells it. A song that loads can be stopped as well.
export function showPlaying(section, state, progress, trouble) {
  const play = section.querySelector(".play");
  play.dataset.state = state;
  play.setAttribute("aria-busy", state === "loading");
  const words = state === "loading" || state === "playing" ? "Stop" : "Play";
  const label = play.querySelector("b");
  if (label.textContent !== words) label.textContent = words; // many times a second, which screen readers would tell
  play.querySelector(".heard").style.width = `${100 * progress}%`;
  const told = section.querySelector(".trouble");
  told.hidden = !trouble;
  told.textContent = trouble;
}
