// Connects the parts of the page: what is shown, what is chosen, what is heard.

import { artistsOf, nearestOf, unpacked } from "./contents.mjs";
import { Camera } from "./drawing/camera.mjs";
import { Canvases } from "./drawing/canvases.mjs";
import { at, counted } from "./elements.mjs";
import { Keys } from "./keys.mjs";
import { isLink, linkTo, showLink, songOf } from "./link.mjs";
import { Listening } from "./listening/listening.mjs";
import { Card } from "./panel/card.mjs";
import { Confusion } from "./panel/confusion.mjs";
import { showAxes, showFigures } from "./panel/figures.mjs";
import { Hover } from "./panel/hover.mjs";
import { Legend } from "./panel/legend.mjs";
import { Search } from "./panel/search.mjs";
import { Pointer } from "./pointer.mjs";
import { nearestTowards } from "./positions.mjs";
import { followTheme, switchTheme } from "./theme.mjs";

const REACH_PIXELS = { touch: 24, mouse: 7, pen: 12 };
const CLOSEST_FOUND = 4; // how far a song that is found is zoomed in on, in a map of many songs
const SONGS_IN_SIGHT = 20; // and of few songs, not so far that its neighbours are out of sight
// How artists are known if no tags name them
const BY_NAMES = { tags: "", names: " by names of files or folders", both: ", some by names of files or folders" };

class SongMap {
  constructor(contents) {
    const { hash } = location; // before it is taken for what is not chosen any more
    Object.assign(this, { contents, view: "songs", chosen: null });
    this.camera = new Camera(contents.songs.x, contents.songs.y);
    this.listening = new Listening(contents, this);
    this.canvases = new Canvases(at("plane"), contents, this.camera, () => this.marked);
    this.marks = this.canvases.marks;
    this.search = new Search(at("search"), contents, this);
    this.legend = new Legend(at("legend"), at("views"), contents, this);
    this.confusion = new Confusion(at("confusion"), contents, this);
    this.card = new Card(at("card"), contents, this);
    this.hover = new Hover(at("hover"), contents);
    this.describe();
    this.show("songs");
    this.listen();
    this.follow(hash);
  }

  describe() {
    const { artists, genres, fills } = this.contents;
    const songsIn = (layer) => fills.reduce((sum, fill) => sum + (fill.layer === layer ? fill.songs : 0), 0);
    const parts = [counted(songsIn(1), "song"), counted(genres.length, "genre")];
    if (songsIn(0)) parts.splice(1, 0, `${counted(songsIn(0), "song")} of the run in the background`);
    if (artists.name.length) parts.push(counted(artists.name.length, "artist") + BY_NAMES[this.contents.artists_from]);
    at("counts").textContent = parts.join(", ");
    showAxes(this.contents.axes);
    showFigures(at("metrics"), this.contents);
  }

  listen() {
    const { listening, camera } = this;
    new Keys(this, at("help"));
    new Pointer(at("plane"), camera, {
      hover: (...where) => this.point(...where),
      leave: () => this.point(),
      tap: (...where) => this.tap(...where),
      isDrawing: ({ shiftKey }) => this.view === "songs" && shiftKey,
      draw: (...line) => listening.drawLine(line),
      drawn: (...line) => listening.takeLine(...line.map((end) => this.marks.find(...end, REACH_PIXELS.touch))),
      drop: () => listening.drawLine(null),
    });
    camera.onMove(() => this.hover.hide());
    const press = (id, act) => at(id).addEventListener("click", act);
    press("zoom-in", () => camera.zoomBy(2));
    press("zoom-out", () => camera.zoomBy(1 / 2));
    press("fit", () => camera.goHome());
    press("keys", () => at("help").showModal());
    press("theme", () => switchTheme());
    addEventListener("hashchange", () => this.follow(location.hash));
  }

  get columns() {
    return this.contents[this.view];
  }

  show(view) {
    this.listening.forgetPath();
    this.view = view;
    this.legend.showView(view);
    this.choose(null);
    this.filter();
  }

  // From a song to its artist; from an artist to all songs
  switchView(view) {
    if (view === this.view || !this.contents.artists.name.length) return;
    const isSong = this.view === "songs" && this.chosen !== null;
    const [artist = null] = isSong ? artistsOf(this.contents.songs, this.chosen) : [];
    this.show(view);
    if (artist !== null) this.choose(artist);
  }

  isShown(row) {
    const { genres, fills } = this.contents;
    const { genre, fill } = this.columns;
    if (!genres[genre[row]].shown) return false;
    return !fill || (fills[fill[row]].shown && this.confusion.shows(row));
  }

  // Leave out what is switched off
  filter() {
    if (this.chosen !== null && !this.isShown(this.chosen)) this.choose(null);
    const { x } = this.columns;
    this.shown = Uint8Array.from(x, (_, row) => this.isShown(row));
    const rows = [...x.keys()].filter((row) => this.shown[row]);
    const genres = new Set(rows.map((row) => this.columns.genre[row]));
    this.contents.genres.forEach((genre, index) => {
      genre.isSeen = genres.has(index);
    });
    this.marks.show(this.columns, rows);
    if (!this.shown[this.listening.from]) this.listening.forgetPath();
    this.hover.hide();
    this.canvases.draw();
  }

  // What lies over the marks
  get marked() {
    const { columns, chosen, shown, listening } = this;
    const seen = (rows) => rows.filter((row) => shown[row]);
    const ringed = seen([...new Set([chosen, this.pointed, listening.from, listening.player.row])]);
    const nearest = chosen === null ? [] : seen(nearestOf(columns, chosen).map(({ row }) => row));
    if (this.view !== "songs") return { chosen, nearest, ringed, journey: [], line: null, shown };
    return { chosen, nearest, ringed, journey: seen(listening.journey), line: listening.line, shown };
  }

  // What plays goes on if the chosen song `follows` it at once, to fade into that one
  choose(row, follows = false) {
    if (!follows && (row !== this.chosen || row === null)) this.listening.player.stop();
    this.listening.endJourney();
    Object.assign(this, { chosen: row, pointed: null });
    this.hover.hide();
    if (row === null) this.card.clear(this.view);
    else if (this.view === "songs") this.card.showSong(row);
    else this.card.showArtist(row);
    showLink(row !== null && this.view === "songs" ? linkTo(this.contents.songs, row) : "");
    at("said").textContent = row === null ? "" : this.columns.name[row];
    this.canvases.draw();
  }

  undo() {
    if (this.listening.from !== null) return this.listening.forgetPath();
    this.confusion.clear();
    this.choose(null);
  }

  // Go to a song or an artist, switching on what hides it
  visit(kind, row) {
    if (kind === "songs" && this.listening.takeEnd(row)) return;
    this.goTo(kind, row, kind === "songs");
    if (kind === "songs") this.listening.player.play(row);
    if (isNarrow()) at("map").scrollIntoView({ behavior: "smooth", block: "start" });
  }

  goTo(kind, row, follows = false) {
    if (kind !== this.view) this.show(kind);
    this.reveal(row);
    this.choose(row, follows);
    const { x, y } = this.columns;
    const zoom = Math.min(CLOSEST_FOUND, Math.max(1, Math.sqrt(x.length / SONGS_IN_SIGHT)));
    this.camera.flyTo(x[row], y[row], Math.max(zoom, this.camera.zoom));
  }

  reveal(row) {
    const { genres, fills } = this.contents;
    const { genre, fill } = this.columns;
    if (fill && !this.confusion.shows(row)) this.confusion.clear();
    const hiding = [genres[genre[row]], ...(fill ? [fills[fill[row]]] : [])].filter((each) => !each.shown);
    if (hiding.length) this.legend.set(hiding, true);
  }

  // To the song that the page's address names
  follow(hash) {
    const row = songOf(this.contents.songs, hash);
    if (row !== null && (this.view !== "songs" || row !== this.chosen)) this.goTo("songs", row);
    else if (row === null && isLink(hash)) this.listening.say("No song is called as the link says.");
  }

  // Ring what a list is pointed at in
  pointAt(row) {
    this.pointed = row;
    this.canvases.draw();
  }

  // The row whose mark is under the pointer, or else whose name
  rowAt(left, top, reach) {
    return this.marks.find(left, top, reach) ?? this.canvases.overlay.names.at(left, top)?.row ?? null;
  }

  point(left, top, kind) {
    const row = left === undefined || kind === "touch" ? null : this.rowAt(left, top, REACH_PIXELS.mouse);
    at("map").classList.toggle("over", row !== null);
    if (row === null || row === this.chosen) return this.hover.hide(); // of what is chosen, the card tells
    const room = [this.camera.width, this.camera.height];
    this.hover.show(this.columns, row, [left, top], this.canvases.overlay.lines, room);
  }

  tap(left, top, kind) {
    const row = this.rowAt(left, top, REACH_PIXELS[kind] ?? REACH_PIXELS.mouse);
    const isSong = row !== null && this.view === "songs";
    if (this.listening.from !== null && (row === null || this.listening.takeEnd(row))) return;
    if (row === null || row !== this.chosen) this.choose(row, isSong);
    if (isSong) this.listening.player.toggle(row);
  }

  // With the keyboard: to the nearest one in a direction, at first to what is in the middle
  step(right, up) {
    const { columns, camera, chosen, shown } = this;
    const from = chosen === null ? [camera.x, camera.y] : [columns.x[chosen], columns.y[chosen]];
    const row = nearestTowards(columns, shown, from, chosen === null ? null : [right, up]);
    if (row === null) return;
    this.choose(row);
    this.bringIntoSight(row);
  }

  bringIntoSight(row) {
    const [x, y] = [this.columns.x[row], this.columns.y[row]];
    if (!this.camera.sees(this.camera.toScreen(x, y))) this.camera.flyTo(x, y, this.camera.zoom);
  }
}

function isNarrow() {
  return matchMedia("(max-width: 800px)").matches;
}

followTheme();
window.songMap = new SongMap(unpacked(at("contents").textContent));
