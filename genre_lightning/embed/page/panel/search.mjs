// The box that finds songs and artists by words of their names, ignoring accents and case.

import { counted, element, text } from "../elements.mjs";
import { fold } from "./folding.mjs";

const FOUND_AT_MOST = { artists: 4, songs: 8 };

export class Search {
  constructor(box, { songs, artists }, map) {
    Object.assign(this, { songs, artists, map, found: [], active: -1 });
    this.input = box.querySelector("input");
    this.list = box.querySelector("ul");
    this.input.addEventListener("input", () => this.look());
    this.input.addEventListener("focus", () => this.look());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.close());
  }

  // Built when the first letter is typed, so that a page of many songs opens faster
  get index() {
    this.folded ??= {
      artists: this.artists.name.map((name) => fold(name)),
      songs: this.songs.name.map((name, row) => fold(`${name} ${this.songs.by[row]}`)),
    };
    return this.folded;
  }

  look() {
    const words = fold(this.input.value).split(" ").filter(Boolean);
    this.found = words.length ? [...this.matches("artists", words), ...this.matches("songs", words)] : [];
    this.active = this.found.length ? 0 : -1;
    this.list.replaceChildren(...this.found.map((match, index) => this.option(match, index)));
    if (!this.found.length) this.list.append(element("li", { class: "none" }, "No song or artist with that name"));
    this.open(words.length > 0);
    this.highlight();
  }

  // Names that start with the words come first
  matches(kind, words) {
    const found = matching(this.index[kind], words).slice(0, FOUND_AT_MOST[kind]);
    return found.map((row) => ({ kind, row }));
  }

  option({ kind, row }, index) {
    const note = kind === "artists" ? counted(this.artists.songs[row], "song") : this.songs.by[row];
    const mousedown = (event) => this.take(event, index);
    const attributes = { role: "option", id: `found-${index}`, class: kind, mousedown };
    return element("li", attributes, text(this[kind].name[row], "name"), text(note, "note"));
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.found.length) {
      event.preventDefault();
      this.active = (this.active + step + this.found.length) % this.found.length;
      this.highlight();
    }
    if (event.key === "Enter" && this.active >= 0) this.take(event, this.active);
    if (event.key === "Escape") this.input.blur();
  }

  take(event, index) {
    event.preventDefault();
    const { kind, row } = this.found[index];
    this.input.blur();
    this.map.visit(kind, row);
  }

  highlight() {
    [...this.list.children].forEach((option, index) => {
      option.setAttribute("aria-selected", index === this.active);
    });
    if (this.active >= 0) this.input.setAttribute("aria-activedescendant", `found-${this.active}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  open(opened) {
    this.list.hidden = !opened;
    this.input.setAttribute("aria-expanded", opened);
  }

  close() {
    this.open(false);
  }
}

// The rows whose names hold all words; those that start with them come first
export function matching(names, words) {
  const phrase = words.join(" ");
  const rows = [...names.keys()].filter((row) => words.every((word) => names[row].includes(word)));
  const starts = (row) => names[row].startsWith(phrase);
  return [...rows.filter(starts), ...rows.filter((row) => !starts(row))];
}
