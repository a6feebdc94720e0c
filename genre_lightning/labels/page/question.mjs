// The card of the song that is asked about: what is known of it, and what can be answered.

import { button, element, text } from "../../embed/page/elements.mjs";
import { playButton, showPlaying } from "../../embed/page/listening/button.mjs";
import { CHECKED, DROP } from "./kept.mjs";

export class Question {
  constructor(section, audit) {
    Object.assign(this, { section, audit });
  }

  show(song) {
    const known = [song.artist, song.album].filter(Boolean).join(", ");
    this.section.replaceChildren(
      element("h2", {}, text(nameOf(song))),
      element("p", { class: "where" }, text(known)),
      element("p", { class: "where" }, this.wholeSong(song)),
      ...fact("label", song.genre),
      ...fact("suggestion", song.suggestion, percent(song.confidence)),
      playButton(() => this.audit.play()),
      ...this.answers(song),
      ...this.nearest(song),
    );
  }

  nothing() {
    const words = "There is nothing to ask: no song's suggestion is another genre.";
    this.section.replaceChildren(element("p", { class: "hint" }, words));
  }

  wholeSong(song) {
    return element("a", { href: this.audit.address(song.path), target: "_blank" }, text(song.path));
  }

  answers(song) {
    const others = this.audit.genres.map((genre, index) => this.answer(song, genre, [genre], digit(index)));
    const keep = song.genre ? [this.answer(song, song.genre, ["Keep ", text(song.genre)], "K")] : [];
    const take = this.answer(song, song.suggestion, [song.genre ? "Change to " : "It is ", text(song.suggestion)], "S");
    const drop = this.answer(song, DROP, ["Drop"], "D");
    const choices = [element("div", { class: "choices" }, ...keep, take, drop)];
    return [...choices, element("h3", {}, "Any genre"), element("div", { class: "choices" }, ...others, this.input())];
  }

  answer(song, value, words, shortcut) {
    const key = shortcut ? [element("kbd", {}, shortcut)] : [];
    const made = button("", () => this.audit.decide(value), ...words, ...key);
    made.setAttribute("aria-pressed", song[CHECKED] === value);
    return made;
  }

  // A genre that no song has yet
  input() {
    const change = (event) => event.target.value.trim() && this.audit.decide(event.target.value.trim());
    return element("input", { placeholder: "a new genre", "aria-label": "a new genre", change });
  }

  nearest(song) {
    const songs = (song.nearest ?? "").split("; ").filter(Boolean);
    const list = element("ol", { class: "near" }, ...songs.map((each) => element("li", { class: "fact" }, text(each))));
    return songs.length ? [element("h3", {}, "Nearest songs"), list] : [];
  }

  tell(state, progress, trouble) {
    showPlaying(this.section, state, progress, trouble);
  }
}

export function nameOf(song) {
  return song.title || song.path.split("/").at(-1);
}

function fact(name, words, note = "") {
  const value = [element("small", {}, name), text(words), element("small", {}, note)];
  return words ? [element("p", { class: "fact" }, ...value)] : [];
}

function digit(index) {
  return index < 9 ? String(index + 1) : "";
}

export function percent(fraction) {
  return fraction ? `${Math.round(100 * fraction)} %` : "";
}
