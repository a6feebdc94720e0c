// The card of the chosen song or artist: what is known of it, and links to what is nearest.

class Card {
  constructor(section, contents, map) {
    Object.assign(this, { section, contents, map });
    this.clear();
  }

  clear() {
    this.row = null;
    const hint = "Click on a song to hear it and to see the songs nearest to it.";
    this.section.replaceChildren(element("p", { class: "hint" }, hint));
  }

  showSong(row) {
    const { songs } = this.contents;
    this.row = row;
    const nearest = nearestOf(songs, row).map((near) => this.song(near.row, this.artistOf(near.row), near.similarity));
    this.section.replaceChildren(
      element("h2", {}, text(songs.name[row])),
      ...this.artistLink(row),
      ...facts(this.contents, row),
      this.playButton(row),
      ...this.list("Nearest songs", nearest),
    );
  }

  showArtist(row) {
    const { songs, artists, genres } = this.contents;
    this.row = null;
    const own = songsOf(songs, row).map((song) => this.song(song, ""));
    const nearest = nearestOf(artists, row).map((near) => this.artist(near.row, near.similarity));
    this.section.replaceChildren(
      element("h2", {}, text(artists.name[row])),
      genreFact(genres[artists.genre[row]]),
      ...this.list(counted(own.length, "song"), own),
      ...this.list("Nearest artists", nearest),
    );
  }

  artistOf(song) {
    return this.contents.artists.name[this.contents.songs.artist[song]] ?? "";
  }

  artistLink(song) {
    const click = () => this.map.visit("artists", this.contents.songs.artist[song]);
    const name = this.artistOf(song);
    return name ? [button("plain artist", click, text(name))] : [];
  }

  playButton(row) {
    const click = () => this.map.player.toggle(row);
    const play = button("play", click, element("b", {}, "Play"), element("span", { class: "heard" }));
    return element("div", {}, play, element("p", { class: "trouble", role: "alert", hidden: "" }));
  }

  tell(row, state, progress) {
    if (row !== this.row) return;
    showPlaying(this.section, state, progress, this.trouble(row));
  }

  trouble(row) {
    const file = decoded(this.contents.songs.address[row]);
    return `Your browser cannot play ${file} from here. Run embed.py with audio=true to put excerpts into the page.`;
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
    const { name, genre } = this.contents[kind];
    const { shape, colour } = this.contents.genres[genre[row]];
    const words = element("span", { class: "words" }, text(name[row], "name"), text(note, "note"));
    const entry = button("plain entry", () => this.map.visit(kind, row), icon(shape, colour), words);
    const likeness = (similarity / 100).toFixed(2);
    if (similarity !== undefined) entry.append(element("small", { title: "similarity" }, likeness));
    return element("li", {}, entry);
  }
}

function genreFact(genre, ...more) {
  return element("p", { class: "fact" }, icon(genre.shape, genre.colour), text(genre.name), ...more);
}

// Genre, split, prediction and confidence, on the card as under the pointer
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
  return Array.from({ length: count }, (_, rank) => {
    const index = row * count + rank;
    return { row: things.nearest[index], similarity: things.similarity[index] };
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
