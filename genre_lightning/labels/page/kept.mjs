// What was decided, kept in the browser until the file is saved: a page that is opened again goes on where it was left.

export const CHECKED = "genre_checked"; // the column of what somebody heard
export const DROP = "drop"; // what stands there for a song to be left out

export class Kept {
  constructor(songs) {
    this.key = `genre_lightning ${fingerprint(songs.map(({ path, suggestion }) => `${path}\n${suggestion}`).join("\n"))}`;
  }

  // By path; nothing if the browser keeps nothing
  read() {
    try {
      return new Map(JSON.parse(localStorage.getItem(this.key) ?? "[]"));
    } catch {
      return new Map();
    }
  }

  // Returns whether the browser has kept it
  write(songs) {
    try {
      localStorage.setItem(this.key, JSON.stringify(songs.map((song) => [song.path, song[CHECKED]])));
      return true;
    } catch {
      return false;
    }
  }
}

// Another text has another one, as good as surely
function fingerprint(words) {
  let hash = 5381;
  for (const sign of words) hash = (hash * 33 + sign.codePointAt(0)) % 2 ** 47;
  return hash.toString(36);
}
