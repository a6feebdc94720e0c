// The card of what is chosen: a song, an artist or a path, and links to what is nearest.

import { artistsOf, nameOf, nearestOf, songsOf } from "../contents.mjs";
import { button, counted, element, icon, text } from "../elements.mjs";
import { playButton, showPlaying } from "../listening/button.mjs";
import { artistFacts, songFacts } from "./facts.mjs";

const HINTS = {
  songs: "Click on a song to hear it and to see the songs nearest to it. Press ? for the keys.",
  artists: "Click on an artist to see their songs and the artists nearest to them.",
};

const COPIES_NAMED = 3;

export class Card {
  constructor(section, contents, map) {
    Object.assign(this, { section, contents, map });
    this.clear();
  }

  clear(view = "songs") {
    this.fill([], element("p", { class: "hint" }, HINTS[view]));
  }

  // Replace all; the button that has the focus keeps it. `rows` are what the button to play is about
  fill(rows, ...children) {
    Object.assign(this, { rows, trouble: "" });
    const held = this.section.contains(document.activeElement) ? document.activeElement.textContent : null;
    this.section.replaceChildren(...children);
    const buttons = [...this.section.querySelectorAll(".controls button")];
    buttons.find(({ textContent }) => textContent === held)?.focus();
  }

  showSong(row) {
    const { songs } = this.contents;
    const nearest = nearestOf(songs, row).map((near) => this.song(near.row, songs.by[near.row], near.similarity));
    this.fill(
      [row],
      element("h2", {}, text(songs.name[row])),
      ...this.artistLinks(row),
      ...songFacts(this.contents, row),
      ...this.copies(row),
      this.controls(
        ["Next", "The nearest song that you have not heard (N)", () => this.map.listening.playUnheard()],
        [
          "Path …",
          "Play the songs on the way to another one, which you choose next (P)",
          () => this.map.listening.startPath(),
        ],
      ),
      ...list("Nearest songs", nearest),
    );
  }

  showArtist(row) {
    const { artists } = this.contents;
    const own = songsOf(artists, row).map((song) => this.song(song, ""));
    const nearest = nearestOf(artists, row).map((near) => this.artist(near.row, near.similarity));
    this.fill(
      [],
      element("h2", {}, text(artists.name[row])),
      ...artistFacts(this.contents, row),
      ...list(counted(own.length, "song"), own),
      ...list("Nearest artists", nearest),
    );
  }

  // The songs on the way from one to another
  showJourney(rows) {
    const { songs } = this.contents;
    const [first, last] = [rows[0], rows.at(-1)].map((row) => text(nameOf(songs, row)));
    const between = rows.length === 2 ? [element("p", { class: "hint" }, "No other song lies along the line.")] : [];
    this.fill(
      rows,
      element("h2", { class: "way" }, "From ", first, " to ", last),
      this.controls(["Save", "Save the path as a playlist", () => this.map.listening.savePlaylist()]),
      ...between,
      ...list(
        counted(rows.length, "song"),
        rows.map((row) => this.entry("songs", row, songs.by[row], undefined, () => this.map.listening.playFrom(row))),
      ),
    );
  }

  // Other files with the same sound, which stand in no list
  copies(row) {
    const { name, recording } = this.contents.songs;
    const others = [...recording.keys()].filter((other) => other !== row && recording[other] === recording[row]);
    const names = others.slice(0, COPIES_NAMED).map((other) => name[other]);
    const words = `The same recording: ${names.join(", ")}${others.length > names.length ? " and others" : ""}`;
    return others.length ? [element("p", { class: "hint" }, text(words))] : [];
  }

  artistLinks(song) {
    const { artists, songs } = this.contents;
    const names = artistsOf(songs, song).map((row) =>
      button("plain artist", () => this.map.visit("artists", row), text(artists.name[row])),
    );
    return names.length ? [element("p", { class: "artists" }, ...names)] : [];
  }

  // Each of `more` is what a button says, its title and what it does
  controls(...more) {
    const others = more.map(([words, title, click]) => element("button", { type: "button", title, click }, words));
    return playButton(() => this.map.listening.toggle(), ...others);
  }

  tell(row, state, progress, trouble) {
    if (!this.rows.includes(row)) return;
    this.trouble = trouble || (this.rows.length > 1 ? this.trouble : ""); // of a path, until it is left
    showPlaying(this.section, state, progress, this.trouble);
    for (const entry of this.section.querySelectorAll("[data-row]")) {
      entry.setAttribute("aria-current", state === "playing" && entry.dataset.row === String(row));
    }
  }

  song(row, note, similarity) {
    return this.entry("songs", row, note, similarity);
  }

  artist(row, similarity) {
    return this.entry("artists", row, counted(this.contents.artists.songs[row], "song"), similarity);
  }

  entry(kind, row, note, similarity, click = () => this.map.visit(kind, row)) {
    const { name, genre } = this.contents[kind];
    const { shape, colour } = this.contents.genres[genre[row]];
    const words = element("span", { class: "words" }, text(name[row], "name"), text(note, "note"));
    const entry = button("plain entry", click, icon(shape, colour), words);
    const isOnMap = () => kind === this.map.view;
    entry.addEventListener("pointerenter", () => isOnMap() && this.map.pointAt(row));
    entry.addEventListener("pointerleave", () => isOnMap() && this.map.pointAt(null));
    if (kind === "songs") entry.dataset.row = row;
    const likeness = (similarity / 100).toFixed(2);
    if (similarity !== undefined) entry.append(element("small", { title: "similarity" }, likeness));
    return element("li", {}, entry);
  }
}

function list(heading, entries) {
  return entries.length ? [element("h3", {}, heading), element("ol", {}, ...entries)] : [];
}
