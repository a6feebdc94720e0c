// What is known of a song, an artist or a genre in a line or two, on the card as under the pointer.

import { counted, element, icon, text } from "../elements.mjs";

function genreFact(genre, ...more) {
  return element("p", { class: "fact" }, icon(genre.shape, genre.colour), text(genre.name), ...more);
}

export function artistFacts({ artists, genres }, row) {
  return [genreFact(genres[artists.genre[row]], element("small", {}, counted(artists.songs[row], "song")))];
}

// Genre, split, prediction and confidence
export function songFacts({ songs, genres, fills, ring }, row) {
  const genre = genres[songs.genre[row]];
  const fill = fills[songs.fill[row]];
  const drawing = icon(genre.shape, genre.colour, fill.inside, fill.edge);
  const words = songs.known[row] ? [text(genre.name), element("small", {}, fill.label)] : [text("unknown genre")];
  const predicted = text(`predicted ${genres[songs.predicted[row]].name}, ${songs.confidence[row]} %`);
  const mistake = songs.wrong[row] ? [icon("circle", "currentcolor", ring.inside, ring.edge)] : [];
  return [element("p", { class: "fact" }, drawing, ...words), element("p", { class: "fact" }, ...mistake, predicted)];
}
