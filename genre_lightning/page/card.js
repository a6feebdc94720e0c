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
      ...this.list("Nearest songs", nearestOf(songs, row).map((near) => this.song(near.row, artists.name[songs.artist[near.row]] ?? "", near.similarity))),
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
      ...this.list(counted(own.length, "song"), own.map((song) => this.song(song, ""))),
      ...this.list("Nearest artists", nearestOf(artists, row).map((near) => this.artist(near.row, near.similarity))),
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
    return entries.length ? [element("h3", {}, heading), element("ol", {}, ...entries)] : [];
  }

  song(row, note, similarity) {
    return this.entry("songs", row, note, similarity);
  }

  artist(row, similarity) {
    return this.entry("artists", row, counted(this.contents.artists.songs[row], "song"), similarity);
  }

  entry(kind, row, note, similarity) {
    const genre = this.contents.genres[this.contents[kind].genre[row]];
    const words = element("span", { class: "words" }, text(this.contents[kind].name[row], "name"), text(note, "note"));
    const button = element("button", { type: "button", class: "plain entry", click: () => this.change.choose(kind, row) });
    button.append(icon(genre.shape, genre.colour), words);
    if (similarity !== undefined) button.append(element("small", { title: "similarity" }, (similarity / 100).toFixed(2)));
    return element("li", {}, button);
  }

  link(words, click, className) {
    return element("button", { type: "button", class: `plain ${className}`, click }, text(words));
  }
}

// Genre, split, prediction and confidence: the same words on the card and under the pointer
function facts({ songs, genres, fills, ring }, row) {
  const genre = genres[songs.genre[row]];
  const fill = fills[songs.fill[row]];
  const drawing = icon(genre.shape, genre.colour, fill.inside, fill.edge);
  const words = songs.known[row] ? [text(genre.name), element("small", {}, fill.label)] : [text("unknown genre")];
  const predicted = text(`predicted ${genres[songs.predicted[row]].name}, ${songs.confidence[row]} %`);
  const mistake = songs.wrong[row] ? [icon("circle", ring.colour, ring.inside, ring.edge)] : [];
  return [element("p", { class: "fact" }, drawing, ...words), element("p", { class: "fact" }, ...mistake, predicted)];
}

// The rows and similarities of what is nearest to a song or an artist
function nearestOf(things, row) {
  const count = things.nearest?.shape[1] ?? 0;
  return Array.from({ length: count }, (_, place) => {
    const at = row * count + place;
    return { row: things.nearest[at], similarity: things.similarity[at] };
  });
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
