// What Python wrote into the page: columns of songs and artists, which refer to each other by row numbers.

const KINDS = {
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  i1: Int8Array,
  i4: Int32Array,
  f4: Float32Array,
};

// The contents, in which arrays of numbers are written as { kind, base64 }
export function unpacked(json) {
  return withNumbers(JSON.parse(json));
}

function withNumbers(value) {
  if (typeof value !== "object" || value === null) return value;
  if (value.base64 !== undefined) return numbers(value);
  if (Array.isArray(value)) return typeof value[0] === "object" ? value.map(withNumbers) : value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, withNumbers(held)]));
}

// Millions of them, so that the loop is plain
function numbers({ kind, base64 }) {
  const letters = atob(base64);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  return new KINDS[kind](bytes.buffer);
}

// The rows and similarities of what is nearest to a song or an artist
export function nearestOf({ name, nearest, similarity }, row) {
  const count = nearest.length / name.length;
  return Array.from({ length: count }, (_, rank) => {
    const at = row * count + rank;
    return { row: nearest[at], similarity: similarity[at] };
  });
}

export function songsOf({ song_rows, songs_start }, artist) {
  return [...song_rows.subarray(songs_start[artist], songs_start[artist + 1])];
}

export function artistsOf({ artists, artists_start }, song) {
  return [...artists.subarray(artists_start[song], artists_start[song + 1])];
}

// A link to the song's own file, relative to the page
export function addressOf({ folders, songs }, row) {
  return folders[songs.folder[row]] + songs.file[row];
}

// A song as a person would name it
export function nameOf({ name, by }, row) {
  return by[row] ? `${name[row]} by ${by[row]}` : name[row];
}
