// Connects the parts of the page: what is shown, what is chosen, what the pointer does.

const TOUCH_REACH_PIXELS = 24;
const MOUSE_REACH_PIXELS = 7;
const FOUND_ZOOM = 4;

class SongMap {
  constructor(plot, sources, contents) {
    Object.assign(this, { plot, contents, view: "songs", chosen: null });
    this.camera = new Camera(plot, contents.songs.x, contents.songs.y);
    this.layers = new Layers(sources, contents, this.camera);
    this.names = new Names(at("names"), this.camera, contents.genres);
    this.player = new Player(contents.songs.address, (row, state, progress) => this.card.tell(row, state, progress));
    this.search = new Search(at("search"), contents, this);
    this.legend = new Legend(at("legend"), at("views"), contents, this);
    this.card = new Card(at("card"), contents, this);
    this.hover = at("hover");
    this.describe();
    this.listen();
    this.show("songs");
  }

  describe() {
    const { artists, genres, fills } = this.contents;
    const songsIn = (layer) => fills.reduce((sum, fill) => sum + (fill.layer === layer ? fill.songs : 0), 0);
    const counts = [counted(songsIn(1), "song"), counted(genres.length, "genre")];
    if (songsIn(0)) counts.splice(1, 0, `${counted(songsIn(0), "song")} of the run in the background`);
    if (artists.name.length) counts.push(counted(artists.name.length, "artist"));
    at("counts").textContent = counts.join(", ");
  }

  listen() {
    const plane = at("plane");
    plane.addEventListener("pointerdown", (event) => (this.pointer = event.pointerType), { capture: true });
    plane.addEventListener("pointermove", (event) => this.pass(event), { capture: true });
    plane.addEventListener("pointerleave", () => this.point(null));
    // For Bokeh the second of two quick clicks is a double one, even if it is elsewhere
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
    if (view === this.view) return;
    const artist = view === "artists" && this.chosen !== null ? this.contents.songs.artist[this.chosen] : -1;
    this.show(view);
    if (artist >= 0) this.choose(artist);
  }

  isShown(row) {
    const { genres, fills } = this.contents;
    const { genre, fill } = this.columns;
    return genres[genre[row]].shown && (!fill || fills[fill[row]].shown);
  }

  draw() {
    if (this.chosen !== null && !this.isShown(this.chosen)) this.choose(null);
    const rows = Array.from(this.columns.name.keys()).filter((row) => this.isShown(row));
    this.layers.show(this.columns, rows);
    this.point(null);
    this.placeNames();
  }

  placeNames() {
    this.names.place(this.layers.drawn);
  }

  moved() {
    this.point(null);
    if (this.layers.growth === this.layers.drawn.growth) return this.placeNames();
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

  // Go to a song or an artist, switching on its genre and split if they are off
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

  // The pointer moves over the map; while it drags the map, nothing is shown under it
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
    this.hover.replaceChildren(...(this.view === "songs" ? this.songUnderPointer(row) : this.artistUnderPointer(row)));
    const beside = (offset, size) => (offset > size / 2 ? "calc(-100% - 12px)" : "12px");
    const away = `${beside(left, this.camera.width)}, ${beside(top, this.camera.height)}`;
    this.hover.style.transform = `translate(${left}px, ${top}px) translate(${away})`;
  }

  songUnderPointer(row) {
    const { songs, artists } = this.contents;
    const artist = artists.name[songs.artist[row]];
    const names = [element("strong", {}, text(songs.name[row])), ...(artist ? [element("p", {}, text(artist))] : [])];
    return [...names, ...facts(this.contents, row)];
  }

  artistUnderPointer(row) {
    const { artists, genres } = this.contents;
    const count = element("small", {}, counted(artists.songs[row], "song"));
    return [element("strong", {}, text(artists.name[row])), genreFact(genres[artists.genre[row]], count)];
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
