import assert from "node:assert/strict";
import { test } from "node:test";
import { playlist } from "../../../../genre_lightning/embed/page/listening/playlist.mjs";

const PAGE = "file:///music/logs/run/map.html";
const ENTRIES = [
  { title: "Ä - One\n#EXTM3U", address: "../../my%20songs/%C3%A4%23.mp3" },
  { title: "Two", address: "#0%20%20two%0A.mp3".replace("#", "%23") },
  { title: "Three", address: "file:///C:/a%20b.mp3" },
];

test("a playlist names songs as files from the root, and no name can add a line to it", () => {
  const files = ["/music/my songs/ä#.mp3", "/music/logs/run/#0  two .mp3", "C:/a b.mp3"];
  const titles = ["Ä - One #EXTM3U", "Two", "Three"];
  const lines = titles.flatMap((title, at) => [`#EXTINF:-1,${title}`, files[at]]);
  assert.equal(playlist(ENTRIES, PAGE), `#EXTM3U\n${lines.join("\n")}\n`);
});

test("of a page that came from a server, songs are named by their addresses", () => {
  const [, , address] = playlist(ENTRIES.slice(0, 1), "http://localhost:8000/logs/run/map.html").split("\n");
  assert.equal(address, "http://localhost:8000/my%20songs/%C3%A4%23.mp3");
});
