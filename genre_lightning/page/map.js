// Brings the parts of the page together: what is shown, what is chosen, what happens under the pointer.

const TOUCH_REACH_PIXELS = 24;
const MOUSE_REACH_PIXELS = 7;
const FOUND_ZOOM = 4;

class SongMap {
  constructor(plot, sources, contents) {
    Object.assign(this, { plot, contents, view: "songs", chosen: null });
    this.camera = new Camera(plot, contents.songs.x, contents.songs.y);
    this.layers = new Layers(sources, contents, this.camera);
    this.names = new Names(at("names"), this.camera, contents.genres);
    this.player = new Player(contents.songs.address, (...news) => this.card.tell(...news));
    this.search = new Search(at("search"), contents.songs, contents.artists, (kind, row) => this.visit(kind, row));
    this.legend = new Legend(at("legend"), at("views"), contents, { view: (name) => this.switchView(name), shown: () => this.draw() });
    this.card = new Card(at("card"), contents, { choose: (...thing) => this.visit(...thing), play: (row) => this.player.toggle(row) });
    this.hover = at("hover");
    this.describe();
    this.listen();
    this.show("songs");
  }

  describe() {
    const { songs, artists, genres } = this.contents;
    const counts = [counted(songs.name.length, "song"), counted(genres.length, "genre")];
    if (artists.name.length) counts.push(counted(artists.name.length, "artist"));
    at("counts").textContent = counts.join(", ");
  }

  listen() {
    const plane = at("plane");
    plane.addEventListener("pointerdown", (event) => (this.pointer = event.pointerType), { capture: true });
    plane.addEventListener("pointermove", (event) => this.pass(event), { capture: true });
    plane.addEventListener("pointerleave", () => this.point(null));
    // Bokeh takes the second of two quick clicks for a double one, wherever it is
    for (const name of ["tap", "doubletap"]) this.plot.on_event(name, ({ sx, sy }) => this.tap(sx, sy));
    this.camera.onMove(() => this.moved());
    at("zoom-in").addEventListener("click", () => this.camera.zoomBy(2));
    at("zoom-out").addEventListener("click", () => this.camera.zoomBy(1 / 2));
    at("fit").addEventListener("click", () => this.camera.goHome());
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.choose(null));
  }

  get columns() {
    return this.contents[this.view];
  }

  show(view) {
    this.view = view;
    this.legend.showView(view);
    this.choose(null);
    this.draw();
  }

  // From a song to its artist; from an artist to all songs
  switchView(view) {
    const artist = this.view === "songs" && this.chosen !== null ? this.contents.songs.artist[this.chosen] : -1;
    if (view === this.view) return;
    this.show(view);
    if (artist >= 0) this.choose(artist);
  }

  isShown(row) {
    const { genres, fills } = this.contents;
    const { genre, fill } = this.columns;
    return genres[genre[row]].shown && (!fill || fills[fill[row]].shown);
  }

  draw() {
    const rows = Array.from(this.columns.name.keys()).filter((row) => this.isShown(row));
    this.layers.show(this.columns, rows);
    this.point(null);
    this.place();
  }

  place() {
    this.names.place((genre) => genre.shown, this.layers.drawn);
  }

  moved() {
    this.point(null);
    if (this.layers.growth === this.layers.drawn.growth) return this.place();
    this.draw();
    this.mark();
  }

  tap(left, top) {
    const row = this.layers.find(left, top, this.pointer === "touch" ? TOUCH_REACH_PIXELS : MOUSE_REACH_PIXELS);
    const again = row !== null && row === this.chosen;
    if (!again) this.choose(row);
    if (row !== null && this.view === "songs") this.player.toggle(row);
  }

  choose(row) {
    if (row !== this.chosen) this.player.stop();
    this.chosen = row;
    if (row === null) this.card.clear();
    else if (this.view === "songs") this.card.showSong(row);
    else this.card.showArtist(row);
    this.mark();
  }

  // A ring around what is chosen, and lines from it to what is nearest
  mark() {
    const nearest = this.chosen === null ? [] : nearestOf(this.columns, this.chosen);
    this.layers.choose(this.columns, this.chosen, nearest.map(({ row }) => row));
  }

  // Go to a song or an artist that was found, switching on what hides it
  visit(kind, row) {
    if (kind !== this.view) this.show(kind);
    this.reveal(row);
    this.choose(row);
    this.camera.flyTo(this.columns.x[row], this.columns.y[row], Math.max(FOUND_ZOOM, this.camera.zoom));
    if (kind === "songs") this.player.play(row);
    if (isNarrow()) at("map").scrollIntoView({ behavior: "smooth", block: "start" });
  }

  reveal(row) {
    const { genres, fills } = this.contents;
    const { genre, fill } = this.columns;
    const hiding = [genres[genre[row]], ...(fill ? [fills[fill[row]]] : [])].filter((each) => !each.shown);
    if (hiding.length) this.legend.set(hiding, true);
  }

  // The pointer passes over the map; while it drags the map along, nothing is told
  pass(event) {
    this.pointer = event.pointerType;
    const plane = at("plane").getBoundingClientRect();
    const [left, top] = [event.clientX - plane.left, event.clientY - plane.top];
    this.point(event.buttons ? null : this.layers.find(left, top, MOUSE_REACH_PIXELS), left, top);
  }

  point(row, left, top) {
    this.hover.hidden = row === null || this.pointer === "touch";
    at("map").classList.toggle("over", row !== null);
    if (this.hover.hidden) return;
    const right = left > this.camera.width / 2;
    const low = top > this.camera.height / 2;
    this.hover.replaceChildren(...(this.view === "songs" ? this.songUnderPointer(row) : this.artistUnderPointer(row)));
    this.hover.style.transform = `translate(${left}px, ${top}px) translate(${right ? "calc(-100% - 12px)" : "12px"}, ${low ? "calc(-100% - 12px)" : "12px"})`;
  }

  songUnderPointer(row) {
    const { songs, artists } = this.contents;
    const artist = artists.name[songs.artist[row]];
    return [element("strong", {}, text(songs.name[row])), ...(artist ? [element("p", {}, text(artist))] : []), ...facts(this.contents, row)];
  }

  artistUnderPointer(row) {
    const { artists, genres } = this.contents;
    const genre = genres[artists.genre[row]];
    const songs = element("small", {}, counted(artists.songs[row], "song"));
    return [element("strong", {}, text(artists.name[row])), element("p", { class: "fact" }, icon(genre.shape, genre.colour), text(genre.name), songs)];
  }
}

function at(id) {
  return document.getElementById(id);
}

function isNarrow() {
  return matchMedia("(max-width: 800px)").matches;
}

function openMap(plot, sources, contents) {
  window.songMap = new SongMap(plot, plain(sources), plain(contents));
}
