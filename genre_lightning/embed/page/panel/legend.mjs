// The switches: songs or artists, each genre, each fill.

import { button, element, icon, text } from "../elements.mjs";

export class Legend {
  constructor(section, views, contents, map) {
    Object.assign(this, { section, contents, map, views: {} });
    for (const each of [...contents.genres, ...contents.fills]) each.shown = true;
    if (contents.artists.name.length) views.append(this.viewSwitch());
    section.append(this.genreSwitches(), this.fillSwitches());
  }

  viewSwitch() {
    for (const [name, label] of Object.entries({ songs: "Songs", artists: "Artists" })) {
      this.views[name] = button("", () => this.map.switchView(name), label);
    }
    return element("div", { class: "views", role: "group", "aria-label": "Show" }, ...Object.values(this.views));
  }

  genreSwitches() {
    const { genres } = this.contents;
    const setAll = (shown) => () => this.set(genres, shown);
    const both = [button("plain", setAll(true), "all"), button("plain", setAll(false), "none")];
    const heading = element("h2", {}, "Genres ", ...both);
    const toggles = genres.map((genre) => this.toggle(genre, icon(genre.shape, genre.colour)));
    return element("div", { id: "genres" }, heading, element("div", { class: "switches" }, ...toggles));
  }

  fillSwitches() {
    const { fills, ring, songs } = this.contents;
    const toggles = fills.map((fill) => this.toggle(fill, icon("circle", "currentcolor", fill.inside, fill.edge)));
    const key = element("span", { class: "key" }, icon("circle", "currentcolor", ring.inside, ring.edge), ring.label);
    const switches = element("div", { class: "switches" }, ...toggles, ...(songs.wrong.some(Boolean) ? [key] : []));
    return element("div", { id: "fills" }, element("h2", {}, "Songs"), switches);
  }

  toggle(each, drawing) {
    const click = () => this.set([each], !each.shown);
    const count = element("small", {}, each.songs.toLocaleString("en"));
    each.button = button("", click, drawing, text(each.name ?? each.label), count);
    each.button.setAttribute("aria-pressed", true);
    return each.button;
  }

  set(those, shown) {
    for (const each of those) {
      each.shown = shown;
      each.button.setAttribute("aria-pressed", shown);
    }
    this.map.filter();
  }

  showView(name) {
    for (const [each, button] of Object.entries(this.views)) button.setAttribute("aria-pressed", each === name);
    this.section.querySelector("#fills").hidden = name !== "songs";
  }
}
