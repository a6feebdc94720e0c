// What is heard: the chosen song, the nearest unheard one, and paths from one song to another.

import { addressOf, nameOf, nearestOf } from "../contents.mjs";
import { at, element } from "../elements.mjs";
import { nearestTowards } from "../positions.mjs";
import { journey } from "./journey.mjs";
import { Player } from "./player.mjs";
import { playlist } from "./playlist.mjs";

const SONGS_ON_PATH = 10;
const WITHOUT_EXCERPTS = "Run embed.py with audio=true to put excerpts into the page.";
const WITHOUT_THIS_ONE = "It has no excerpt: its file could not be read when the page was made.";
const OF_BACKGROUND = "It has no excerpt, as it is a song of the run in the background, or its file could not be read.";
const ASK = "Choose where the path ends: click on a song, or go there with the arrows and press Enter.";
const CHOOSE_FIRST = "Choose a song first: the path starts there.";
const ONE_RECORDING = "Both are the same recording: choose another song.";
const DRAW_BETWEEN = "Draw the line from one song to another.";
const ALL_HEARD = "You have heard all songs that are shown.";
const TOLD_MILLISECONDS = 4000;

export class Listening {
  constructor(contents, map) {
    Object.assign(this, { contents, map, journey: [], from: null, line: null });
    const hasExcerpts = document.querySelector("[id^=excerpt-]") !== null;
    const withExcerpts = contents.fills.some(({ layer }) => layer === 0) ? OF_BACKGROUND : WITHOUT_THIS_ONE;
    const remedy = hasExcerpts ? withExcerpts : WITHOUT_EXCERPTS;
    this.player = new Player(
      (row) => this.soundOf(row),
      (...told) => this.tell(...told),
      remedy,
    );
  }

  soundOf(row) {
    const excerpt = document.getElementById(`excerpt-${row}`);
    if (excerpt) return { address: `data:audio/mpeg;base64,${excerpt.textContent}`, excerpt: true };
    return { address: addressOf(this.contents, row), excerpt: false };
  }

  tell(row, state, progress, trouble) {
    this.map.card.tell(row, state, progress, trouble);
    if (state === "failed") this.player.heard.add(row); // so that going on does not come back to it
    if (state !== this.state || row !== this.row) this.map.canvases.draw();
    Object.assign(this, { state, row });
  }

  endJourney() {
    Object.assign(this, { journey: [], line: null });
  }

  toggle() {
    const { chosen, view } = this.map;
    if (this.player.row !== null) this.player.stop();
    else if (this.journey.length) this.player.playAll(this.journey);
    else if (chosen !== null && view === "songs") this.player.play(chosen);
  }

  // What Enter means
  enter() {
    const { chosen, view } = this.map;
    if (view !== "songs" || chosen === null || !this.takeEnd(chosen)) this.toggle();
  }

  // Go on to the nearest song that was not heard yet: of the nearest ones by sound, or else of those on the map
  playUnheard() {
    const { map, player } = this;
    const start = map.view === "songs" ? (map.chosen ?? player.row ?? this.journey.at(-1) ?? null) : null;
    if (map.view !== "songs") map.show("songs");
    if (start !== null) player.heard.add(start); // also if it was skipped
    const row = this.nearestUnheard(start);
    if (row === null) return this.say(ALL_HEARD);
    map.choose(row, true);
    map.bringIntoSight(row);
    player.play(row);
  }

  nearestUnheard(start) {
    const { columns, shown, camera } = this.map;
    const { recording, x, y } = columns;
    const heard = new Set([...this.player.heard].map((row) => recording[row]));
    const unheard = shown.map((each, row) => each && !heard.has(recording[row]));
    const near = start === null ? [] : nearestOf(columns, start).map(({ row }) => row);
    const from = start === null ? [camera.x, camera.y] : [x[start], y[start]];
    return near.find((row) => unheard[row]) ?? nearestTowards(columns, unheard, from, null);
  }

  // The next song that is chosen ends a path that starts at the chosen one
  startPath() {
    const { chosen, view } = this.map;
    if (view !== "songs" || chosen === null) return this.say(CHOOSE_FIRST);
    this.from = chosen;
    this.say(ASK, Infinity);
  }

  forgetPath() {
    this.from = null;
    this.say("");
  }

  // A line over the map, for some time
  say(words, milliseconds = TOLD_MILLISECONDS) {
    clearTimeout(this.saying);
    at("asked").replaceChildren(...(words ? [words] : []));
    if (words && milliseconds < Infinity) this.saying = setTimeout(() => this.say(""), milliseconds);
  }

  // Returns whether a path was waiting for its end
  takeEnd(row) {
    const { from } = this;
    if (from === null || row === from) return false;
    this.forgetPath();
    this.travel(from, row);
    return true;
  }

  drawLine(line) {
    this.line = line;
    this.map.canvases.draw();
  }

  takeLine(from, to) {
    this.drawLine(null);
    if (from === null || to === null || from === to) return this.say(DRAW_BETWEEN);
    this.forgetPath();
    this.travel(from, to);
  }

  travel(from, to) {
    const { map } = this;
    const { songs } = this.contents;
    const recording = (row) => songs.recording[row];
    if (recording(from) === recording(to)) return this.say(ONE_RECORDING);
    map.choose(null);
    // Only the first copy of each recording, and none of the ends
    const isOpen = (row) => recording(row) === row && row !== recording(from) && row !== recording(to);
    const open = map.shown.map((shown, row) => shown && isOpen(row));
    this.journey = journey(songs, open, from, to, SONGS_ON_PATH);
    map.card.showJourney(this.journey);
    map.canvases.draw();
    this.player.playAll(this.journey);
  }

  // The rest of the path
  playFrom(row) {
    this.player.playAll(this.journey.slice(this.journey.indexOf(row)));
  }

  savePlaylist() {
    const ends = [this.journey[0], this.journey.at(-1)].map((row) => nameOf(this.contents.songs, row));
    const entries = this.journey.map((row) => ({ ...this.titleOf(row), address: addressOf(this.contents, row) }));
    const file = new Blob([playlist(entries, document.baseURI)], { type: "audio/x-mpegurl" });
    const link = element("a", { href: URL.createObjectURL(file), download: `${ends.join(" to ")}.m3u8` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  titleOf(row) {
    const { name, by } = this.contents.songs;
    return { title: by[row] ? `${by[row]} - ${name[row]}` : name[row] };
  }
}
