// Switches: songs or artists, each genre, each fill.

class Legend {
  constructor(section, views, contents, change) {
    Object.assign(this, { section, contents, change, views: {} });
    for (const each of [...contents.genres, ...contents.fills]) each.shown = true;
    if (contents.artists.name.length) views.append(this.viewSwitch());
    section.append(this.genreSwitches(), this.fillSwitches());
  }

  viewSwitch() {
    const view = (name, label) => (this.views[name] = element("button", { type: "button", "data-view": name, click: () => this.change.view(name) }, label));
    return element("div", { class: "views", role: "group", "aria-label": "Show" }, view("songs", "Songs"), view("artists", "Artists"));
  }

  genreSwitches() {
    const all = (shown) => element("button", { type: "button", class: "plain", click: () => this.setAll(shown) }, shown ? "all" : "none");
    const { genres } = this.contents;
    this.genreButtons = genres.map((genre) => this.button(genre, icon(genre.shape, genre.colour)));
    const heading = element("h2", {}, "Genres ", all(true), all(false));
    return element("div", { id: "genres" }, heading, element("div", { class: "switches" }, ...this.genreButtons));
  }

  fillSwitches() {
    const { fills, ring, songs } = this.contents;
    const buttons = fills.map((fill) => this.button(fill, icon("circle", "#555555", fill.inside, fill.edge)));
    const key = element("span", { class: "key" }, icon("circle", ring.colour, ring.inside, ring.edge), ring.label);
    if (songs.wrong.some(Boolean)) buttons.push(key);
    return element("div", { id: "fills" }, element("h2", {}, "Songs"), element("div", { class: "switches" }, ...buttons));
  }

  button(each, drawing) {
    const click = () => this.set([each], !each.shown);
    const name = text(each.name ?? each.label);
    const count = element("small", {}, each.songs.toLocaleString("en"));
    each.button = element("button", { type: "button", "aria-pressed": true, click }, drawing, name, count);
    return each.button;
  }

  setAll(shown) {
    this.set(this.contents.genres, shown);
  }

  set(those, shown) {
    for (const each of those) {
      each.shown = shown;
      each.button.setAttribute("aria-pressed", shown);
    }
    this.change.shown();
  }

  showView(name) {
    for (const [each, button] of Object.entries(this.views)) button.setAttribute("aria-pressed", each === name);
    this.section.querySelector("#fills").hidden = name !== "songs";
  }
}
