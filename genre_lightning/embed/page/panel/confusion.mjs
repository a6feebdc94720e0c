// The confusion matrix of the songs that the model was not trained on: a click on a cell shows those songs alone.

import { button, counted, element, icon, text } from "../elements.mjs";

export class Confusion {
  constructor(box, contents, map) {
    Object.assign(this, { box, contents, map, cell: null });
    this.counts = counts(contents);
    box.hidden = !this.counts.some((row) => row.some(Boolean));
    if (!box.hidden) box.append(element("summary", {}, "Confusions"), this.caption(), this.table(), this.told());
  }

  caption() {
    const songs = counted(
      this.counts.flat().reduce((sum, count) => sum + count),
      "song",
    );
    const words = `${songs} (${this.contents.held_out.label}): a row for each true genre, a column for each predicted one.`;
    return element("p", { class: "hint" }, words);
  }

  table() {
    const known = this.contents.genres.filter((_, index) => this.isKnown(index));
    const head = known.map((genre) =>
      element("th", { scope: "col", title: genre.name }, icon(genre.shape, genre.colour)),
    );
    const rows = this.counts.map((row, genre) => (this.isKnown(genre) ? [this.row(row, genre)] : []));
    return element("table", {}, element("tr", {}, element("td"), ...head), ...rows.flat());
  }

  // Genres that the model does not know cannot be predicted, so they are in no column and their songs in no row
  isKnown(genre) {
    return genre < this.contents.known_genres;
  }

  row(row, genre) {
    const { name } = this.contents.genres[genre];
    const most = Math.max(1, ...row);
    const cells = row.map((count, predicted) => this.cellOf(genre, predicted, count, count / most));
    return element("tr", {}, element("th", { scope: "row", title: name }, text(name)), ...cells);
  }

  cellOf(genre, predicted, count, share) {
    if (!count) return element("td", { class: genre === predicted ? "right" : "" });
    const what = this.spelt(genre, predicted);
    const cell = button("cell", () => this.choose(genre, predicted), count.toLocaleString("en"));
    Object.assign(cell, { title: what, ariaLabel: what, ariaPressed: "false" });
    cell.style.setProperty("--share", share.toFixed(2));
    cell.dataset.cell = `${genre} ${predicted}`;
    return element("td", { class: genre === predicted ? "right" : "" }, cell);
  }

  spelt(genre, predicted) {
    const { genres } = this.contents;
    const songs = counted(this.counts[genre][predicted], "song");
    return `${genres[genre].name}, predicted ${genres[predicted].name}: ${songs}`;
  }

  told() {
    const all = button("plain", () => this.clear(), "Show all songs");
    return element("p", { class: "told", hidden: "" }, element("span"), all);
  }

  choose(genre, predicted) {
    const same = this.cell?.genre === genre && this.cell?.predicted === predicted;
    this.set(same ? null : { genre, predicted });
  }

  clear() {
    if (this.cell) this.set(null);
  }

  set(cell) {
    if (cell && this.map.view !== "songs") this.map.show("songs");
    this.cell = cell;
    const name = cell && `${cell.genre} ${cell.predicted}`;
    for (const each of this.box.querySelectorAll(".cell")) each.ariaPressed = String(each.dataset.cell === name);
    this.box.querySelector(".told").hidden = !cell;
    this.box.querySelector(".told span").textContent = cell ? `${this.spelt(cell.genre, cell.predicted)}. ` : "";
    this.map.filter();
  }

  shows(row) {
    const { songs, held_out } = this.contents;
    if (!this.cell) return true;
    const { genre, predicted } = this.cell;
    const same = songs.genre[row] === genre && songs.predicted[row] === predicted;
    return same && songs.known[row] === 1 && songs.fill[row] === held_out.fill;
  }
}

// By true and by predicted genre
export function counts({ songs, genres, held_out, known_genres }) {
  const table = genres.slice(0, known_genres).map(() => new Array(known_genres).fill(0));
  songs.fill.forEach((fill, row) => {
    const known = songs.known[row] && songs.genre[row] < known_genres;
    if (known && fill === held_out.fill) table[songs.genre[row]][songs.predicted[row]]++;
  });
  return table;
}
