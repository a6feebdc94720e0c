// Playlists that other programs open, wherever a browser saves them.

import { decoded } from "../addresses.mjs";

// Extended M3U, in UTF-8; `base` is the page's own address
export function playlist(entries, base) {
  const lines = entries.flatMap(({ title, address }) => [`#EXTINF:-1,${line(title)}`, pathOf(address, base)]);
  return `${["#EXTM3U", ...lines].join("\n")}\n`;
}

// Where a file is, as programs other than browsers read it: from the root, or from the drive of Windows
function pathOf(address, base) {
  const { protocol, href, pathname } = new URL(address, base);
  return protocol === "file:"
    ? decoded(pathname)
        .replace(/^\/(?=[a-z]:)/i, "")
        .replace(/[\r\n]/g, " ")
    : href;
}

function line(words) {
  return words.replace(/\s+/g, " ").trim();
}
