// Asks about one song after the other: its label, what a model suggests, and what somebody hears in it.

import { at, button, counted, element, text } from "../../embed/page/elements.mjs";
import { Player } from "../../embed/page/listening/player.mjs";
import { followTheme } from "../../embed/page/theme.mjs";
import { readTable, writeTable } from "./csv.mjs";
import { CHECKED, DROP, Kept } from "./kept.mjs";
import { nameOf, percent, Question } from "./question.mjs";

const SAVED_AS = "manifest.csv";
const NO_EXCERPT = "The page has excerpts of the most doubtful songs only, and of none whose file could not be read.";

class Audit {
  constructor(contents) {
    this.contents = contents;
    this.question = new Question(at("card"), this);
    const tell = (row, ...how) => row === this.chosen && this.question.tell(...how);
    this.player = new Player((row) => this.sound(this.asked[row].path), tell, NO_EXCERPT);
    this.listen();
    this.open(contents.csv, contents.title);
  }

  listen() {
    at("save").addEventListener("click", () => this.save());
    at("open").addEventListener("change", ({ target }) => this.read(target.files[0]));
    at("open").addEventListener("click", ({ target }) => (target.value = "")); // so that the same file counts again
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      this.read(event.dataTransfer.files[0]);
    });
    document.addEventListener("keydown", (event) => this.key(event));
  }

  async read(file) {
    if (file) this.open(await file.text(), file.name);
  }

  open(words, title) {
    try {
      this.table = readTable(words);
    } catch (error) {
      return this.complain(`${title}: ${error.message}`);
    }
    this.complain("");
    this.player.stop();
    document.title = at("title").textContent = title;
    this.ask();
  }

  // Every song whose suggestion is not its genre, also those that were decided in this file before
  ask() {
    const { rows } = this.table;
    this.asked = rows.filter(({ genre, suggestion }) => suggestion && suggestion !== genre);
    this.genres = genresOf([...readTable(this.contents.csv).rows, ...rows]);
    this.kept = new Kept(this.asked);
    const kept = this.kept.read();
    for (const song of this.asked) song[CHECKED] ||= kept.get(song.path) ?? "";
    this.entries = this.asked.map(() => element("li"));
    at("songs").replaceChildren(...this.entries);
    for (const row of this.asked.keys()) this.draw(row);
    const open = this.asked.findIndex((song) => !song[CHECKED]);
    this.show(Math.max(0, open));
  }

  show(row) {
    const before = this.chosen;
    this.chosen = row;
    if (before < this.asked.length) this.draw(before);
    this.count();
    if (!this.asked.length) return this.question.nothing();
    this.draw(row);
    this.entries[row].scrollIntoView({ block: "nearest" });
    this.question.show(this.asked[row]);
  }

  draw(row) {
    const song = this.asked[row];
    const words = element("span", { class: "words" }, text(nameOf(song), "name"), text(song.artist ?? "", "note"));
    const said = song[CHECKED] || `${song.genre || "?"} → ${song.suggestion} ${percent(song.confidence)}`;
    const entry = button("plain entry", () => this.visit(row), words, text(said, "said"));
    entry.setAttribute("aria-current", row === this.chosen);
    entry.classList.toggle("decided", !!song[CHECKED]);
    this.entries[row].replaceChildren(entry);
  }

  count() {
    const decided = this.asked.filter((song) => song[CHECKED]).length;
    at("counts").textContent = `${decided} of ${counted(this.asked.length, "song")} decided`;
    Object.assign(at("progress"), { max: this.asked.length || 1, value: decided });
  }

  visit(row) {
    this.show(row);
    this.player.play(row);
  }

  play() {
    this.player.toggle(this.chosen);
  }

  // Keep what was heard of a song, and go on to the next one that is open
  decide(value) {
    this.put(value);
    const open = (song, row) => !song[CHECKED] && row > this.chosen;
    const next = this.asked.findIndex(open);
    if (next >= 0) this.visit(next);
  }

  put(value) {
    this.asked[this.chosen][CHECKED] = value;
    if (value && value !== DROP && !this.genres.includes(value)) this.genres.push(value); // behind those with digits
    const kept = this.kept.write(this.asked);
    this.complain(kept ? "" : "This browser keeps nothing: save before you close the page.");
    this.show(this.chosen);
  }

  key(event) {
    const { ctrlKey, altKey, metaKey, target } = event;
    if (ctrlKey || altKey || metaKey || target.matches("input") || !this.asked.length) return;
    const { genre, suggestion } = this.asked[this.chosen];
    const go = (step) => this.visit(Math.min(Math.max(this.chosen + step, 0), this.asked.length - 1));
    const genreOf = this.genres[Number(event.key) - 1];
    const acts = {
      p: () => this.play(),
      u: () => this.put(""),
      d: () => this.decide(DROP),
      s: () => this.decide(suggestion),
      ArrowUp: () => go(-1),
      ArrowDown: () => go(1),
    };
    if (genre) acts.k = () => this.decide(genre);
    const act = genreOf ? () => this.decide(genreOf) : acts[event.key.length > 1 ? event.key : event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  }

  // The excerpt in the page, or else the song's own file
  sound(path) {
    const excerpt = Object.hasOwn(this.contents.excerpts, path);
    const address = excerpt ? `data:audio/mpeg;base64,${this.contents.excerpts[path]}` : this.address(path);
    return { address, excerpt };
  }

  address(path) {
    const encoded = path.toWellFormed().split("/").map(encodeURIComponent).join("/");
    if (/^[a-z]:\//i.test(path)) return `file:///${encoded.replace("%3A", ":")}`;
    return path.startsWith("/") ? `file://${encoded}` : `${this.contents.root}/${encoded}`;
  }

  save() {
    const { columns, rows } = this.table;
    const file = new Blob([writeTable([...new Set([...columns, CHECKED])], rows)], { type: "text/csv" });
    const link = element("a", { href: URL.createObjectURL(file), download: SAVED_AS });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  complain(words) {
    at("complaint").textContent = words;
  }
}

function genresOf(songs) {
  const named = songs.flatMap((song) => [song.genre, song.suggestion, song[CHECKED]]);
  return [...new Set(named)].filter((genre) => genre && genre !== DROP).sort();
}

followTheme();
window.audit = new Audit(JSON.parse(at("contents").textContent));
