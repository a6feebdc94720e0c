// What is known of the chosen song or artist, and where to go from there.

class Card {
  constructor(section, contents, change) {
    Object.assign(this, { section, contents, change });
    this.clear();
  }

  clear() {
    this.row = null;
    this.section.replaceChildren(element("p", { class: "hint" }, "Choose a mark to hear the song and to see which songs are nearest."));
  }

  showSong(row) {
    const { songs, artists } = this.contents;
    const artist = songs.artist[row];
    const name = artists.name[artist];
    this.row = row;
    this.section.replaceChildren(
      element("h2", {}, text(songs.name[row])),
      ...(name ? [this.link(name, () => this.change.choose("artists", artist), "artist")] : []),
      ...facts(this.contents, row),
      this.playButton(row),
      ...this.list("Nearest songs", nearestSongs(songs, row)),
    );
  }

  showArtist(row) {
    const { songs, artists, genres } = this.contents;
    const own = songsOf(songs, row);
    const genre = genres[artists.genre[row]];
    this.row = null;
    this.section.replaceChildren(
      element("h2", {}, text(artists.name[row])),
      element("p", { class: "fact" }, icon(genre.shape, genre.colour), text(genre.name)),
      ...this.list(counted(own.length, "song"), own.map((song) => ({ song, note: "" }))),
    );
  }

  playButton(row) {
    const heard = element("span", { class: "heard" });
    const button = element("button", { type: "button", class: "play", click: () => this.change.play(row) }, element("b", {}, "Play"), heard);
    return element("div", { class: "player" }, button, element("p", { class: "trouble", role: "alert", hidden: "" }));
  }

  tell(row, state, share) {
    if (row !== this.row) return;
    const button = this.section.querySelector(".play");
    button.dataset.state = state;
    button.querySelector("b").textContent = state === "playing" ? "Stop" : "Play";
    button.querySelector(".heard").style.width = `${100 * share}%`;
    const trouble = this.section.querySelector(".trouble");
    trouble.hidden = state !== "failed";
    trouble.textContent = state === "failed" ? this.trouble(row) : "";
  }

  trouble(row) {
    const file = this.contents.songs.address[row];
    return `The browser cannot play ${decoded(file)} from here. A page written with audio=true carries its excerpts along.`;
  }

  list(heading, entries) {
    if (!entries.length) return [];
    return [element("h3", {}, heading), element("ol", {}, ...entries.map((entry) => this.entry(entry)))];
  }

  entry({ song, similarity, note }) {
    const { songs, artists, genres } = this.contents;
    const genre = genres[songs.genre[song]];
    const words = [text(songs.name[song], "name"), text(note ?? artists.name[songs.artist[song]] ?? "", "note")];
    const button = this.link("", () => this.change.choose("songs", song), "entry");
    button.append(icon(genre.shape, genre.colour), element("span", { class: "words" }, ...words));
    if (similarity !== undefined) button.append(element("small", { title: "similarity" }, (similarity / 100).toFixed(2)));
    return element("li", {}, button);
  }

  link(words, click, className) {
    return element("button", { type: "button", class: `plain ${className}`, click }, text(words));
  }
}

// Genre and prediction, split and confidence: the same words on the card and under the pointer
function facts({ songs, genres, splits, ring }, row) {
  const genre = genres[songs.genre[row]];
  const predicted = `predicted ${genres[songs.predicted[row]].name}, ${songs.confidence[row]} %`;
  const mark = songs.wrong[row] ? icon("circle", ring.colour, ring.inside, ring.edge) : "";
  return [
    element("p", { class: "fact" }, icon(genre.shape, genre.colour), text(genre.name), element("small", {}, splits[songs.split[row]].label)),
    element("p", { class: "fact" }, mark, text(predicted)),
  ];
}

function nearestSongs(songs, row) {
  const count = songs.nearest.shape[1];
  const from = row * count;
  const similarity = songs.similarity.slice(from, from + count);
  return Array.from(songs.nearest.slice(from, from + count), (song, place) => ({ song, similarity: similarity[place] }));
}

function songsOf(songs, artist) {
  return Array.from(songs.artist.keys()).filter((song) => songs.artist[song] === artist);
}

function decoded(address) {
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
}
