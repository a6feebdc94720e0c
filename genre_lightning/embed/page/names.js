// Names on the map: genres at the centres of their clouds, and songs or artists if there is room.

const LINE_PIXELS = { genre: 22, detail: 15 };
const LINES_TRIED = [0, -1, 1, -2, 2, -3, 3, -4, 4];
const SONGS_NAMED_AT_MOST = 60;
const DETAILS_AT_MOST = 40;
const CROWD = 6000; // divided by the number of visible marks: of 600, 10 are named
const DETAIL_LETTERS = 32;

class Names {
  constructor(box, camera, genres) {
    this.box = box;
    this.camera = camera;
    this.pen = document.createElement("canvas").getContext("2d");
    const style = getComputedStyle(box);
    this.fonts = { genre: style.getPropertyValue("--genre-font"), detail: style.getPropertyValue("--detail-font") };
    this.genres = genres.filter((genre) => genre.centre).sort((one, other) => other.songs - one.songs);
    for (const genre of this.genres) genre.label = label("genre", genre.name, `--genre: ${genre.colour}`);
  }

  // `drawn` is what Layers drew
  place(drawn) {
    const taken = [];
    const shown = this.genres.filter((genre) => genre.shown);
    const labels = shown.flatMap((genre) => this.placeGenre(genre, taken));
    this.box.replaceChildren(...labels, ...this.placeDetails(drawn, taken));
  }

  // If names would cover each other, the smaller genre's moves up or down to the nearest free line, as does the name of
  // a genre with a single song, which it would cover
  placeGenre(genre, taken) {
    const [left, top] = this.camera.toScreen(...genre.centre);
    if (!this.camera.sees([left, top])) return [];
    const [width, height] = [this.widthOf(genre.name, "genre"), LINE_PIXELS.genre];
    for (const lines of genre.songs > 1 ? LINES_TRIED : LINES_TRIED.slice(1)) {
      const box = boxAt(left - width / 2, top + (lines - 0.5) * height, width, height);
      if (this.claim(box, taken)) return [moved(genre.label, box)];
    }
    return [];
  }

  // Songs are named once only a few are visible, artists in the order of their number of songs
  placeDetails({ view, rows, sizes }, taken) {
    const visible = this.visible(view, rows);
    if (!view.songs && visible.length > SONGS_NAMED_AT_MOST) return [];
    if (view.songs) visible.sort((one, other) => view.songs[rows[other]] - view.songs[rows[one]]);
    const labels = [];
    for (const index of visible) {
      if (labels.length >= Math.min(DETAILS_AT_MOST, CROWD / visible.length)) break;
      labels.push(...this.placeDetail(view, rows[index], sizes[index], taken));
    }
    return labels;
  }

  // To the right of the mark, if there is room
  placeDetail(view, row, size, taken) {
    const name = shortened(view.name[row]);
    const [left, middle] = this.camera.toScreen(view.x[row], view.y[row]);
    const [width, height] = [this.widthOf(name, "detail"), LINE_PIXELS.detail];
    const box = boxAt(left + size / 2 + 4, middle - height / 2, width, height);
    return this.claim(box, taken) ? [moved(label("detail", name), box)] : [];
  }

  visible(view, rows) {
    const found = [];
    rows.forEach((row, index) => {
      if (this.camera.sees(this.camera.toScreen(view.x[row], view.y[row]))) found.push(index);
    });
    return found;
  }

  widthOf(name, kind) {
    this.pen.font = this.fonts[kind];
    return Math.ceil(this.pen.measureText(name).width) + 4;
  }

  // Take a box if it is inside the map and free; returns whether it was
  claim(box, taken) {
    if (box.left < 0 || box.right > this.camera.width || box.top < 0 || box.bottom > this.camera.height) return false;
    if (taken.some((other) => overlap(box, other))) return false;
    taken.push(box);
    return true;
  }
}

function label(className, name, style = "") {
  return element("span", { class: className, dir: "auto", style }, name);
}

function boxAt(left, top, width, height) {
  return { left, top, right: left + width, bottom: top + height, width };
}

function overlap(one, other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

function moved(label, box) {
  label.style.transform = `translate(${Math.round(box.left)}px, ${Math.round(box.top)}px)`;
  label.style.width = `${box.width}px`;
  return label;
}

function shortened(name) {
  const letters = [...name];
  return letters.length > DETAIL_LETTERS ? letters.slice(0, DETAIL_LETTERS - 1).join("") + "…" : name;
}
