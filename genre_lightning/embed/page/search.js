// The box that finds songs and artists by words of their names, ignoring accents and case.

const FOUND_AT_MOST = { artists: 3, songs: 7 };

class Search {
  constructor(box, { songs, artists }, map) {
    Object.assign(this, { songs, artists, map, found: [], active: -1 });
    this.input = box.querySelector("input");
    this.list = box.querySelector("ul");
    this.input.addEventListener("input", () => this.look());
    this.input.addEventListener("focus", () => this.look());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.close());
  }

  // Built when the first letter is typed, so that a page of 10,000 songs opens faster
  get index() {
    const artistOf = (row) => this.artists.name[this.songs.artist[row]] ?? "";
    this.folded ??= {
      artists: this.artists.name.map((name) => fold(name)),
      songs: this.songs.name.map((name, row) => fold(`${name} ${artistOf(row)}`)),
    };
    return this.folded;
  }

  look() {
    const words = fold(this.input.value).split(" ").filter(Boolean);
    this.found = words.length ? [...this.matches("artists", words), ...this.matches("songs", words)] : [];
    this.active = this.found.length ? 0 : -1;
    this.list.replaceChildren(...this.found.map((match, index) => this.option(match, index)));
    const nothing = element("li", { class: "none" }, "No song or artist with that name");
    if (!this.found.length) this.list.append(nothing);
    this.open(words.length > 0);
    this.highlight();
  }

  // Names that start with the words come first
  matches(kind, words) {
    const phrase = words.join(" ");
    const all = this.index[kind].map((name, row) => ({ kind, row, name }));
    const fitting = all.filter(({ name }) => words.every((word) => name.includes(word)));
    const rank = ({ name }) => (name.startsWith(phrase) ? 0 : 1);
    return fitting.sort((one, other) => rank(one) - rank(other)).slice(0, FOUND_AT_MOST[kind]);
  }

  option({ kind, row }, index) {
    const artist = this.artists.name[this.songs.artist[row]];
    const note = kind === "artists" ? counted(this.artists.songs[row], "song") : artist ?? "";
    const name = kind === "artists" ? this.artists.name[row] : this.songs.name[row];
    const mousedown = (event) => this.take(event, index);
    const attributes = { role: "option", id: `found-${index}`, class: kind, mousedown };
    return element("li", attributes, text(name, "name"), text(note, "note"));
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.found.length) {
      event.preventDefault();
      this.active = (this.active + step + this.found.length) % this.found.length;
      this.highlight();
    }
    if (event.key === "Enter" && this.active >= 0) this.take(event, this.active);
    if (event.key === "Escape") this.close();
  }

  take(event, index) {
    event.preventDefault();
    const { kind, row } = this.found[index];
    this.input.blur();
    this.map.visit(kind, row);
  }

  highlight() {
    [...this.list.children].forEach((option, index) => option.setAttribute("aria-selected", index === this.active));
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

function fold(name) {
  return name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/\s+/g, " ").trim();
}
