import assert from "node:assert/strict";
import { test } from "node:test";
import { Player } from "../../../../genre_lightning/embed/page/listening/player.mjs";
import { FakePage } from "./fake_audio.mjs";

// A page with a player whose songs are excerpts with their rows as addresses; it notes what it is told, each thing once
function opened(songs) {
  const page = new FakePage(songs);
  const told = [];
  const tell = (row, state, _, trouble) =>
    told.at(-1) !== `${row} ${state}${trouble}` && told.push(`${row} ${state}${trouble}`);
  const player = new Player((row) => ({ address: String(row), excerpt: true }), tell, "Remedy.");
  return { page, player, told };
}

test("a song loads, plays and stops at its end", async () => {
  const { page, player, told } = opened();
  player.play(3);
  assert.deepEqual([told, player.row, page.sounding], [["3 loading"], 3, ["3"]]);
  await page.wait(1);
  assert.deepEqual([told.at(-1), [...player.heard]], ["3 playing", [3]]);
  await page.wait(4.5);
  assert.deepEqual([told, player.row, page.sounding], [["3 loading", "3 playing", "3 stopped"], null, []]);
  assert.equal(page.acts.size, 0); // nothing is looked at any longer
});

test("how much was heard is told", async () => {
  const page = new FakePage();
  const heard = [];
  const player = new Player(
    () => ({ address: "", excerpt: true }),
    (_row, _state, progress) => heard.push(progress),
  );
  player.play(0);
  await page.wait(2.5);
  assert.ok(Math.abs(heard.at(-1) - 0.5) < 0.02 && heard.every((part, index) => !index || part >= heard[index - 1]));
});

test("a second click on a song stops it at once", async () => {
  const { page, player, told } = opened();
  player.toggle(3);
  await page.wait(1);
  player.toggle(3);
  assert.deepEqual([page.sounding, player.row, told.at(-1)], [[], null, "3 stopped"]);
  await page.wait(1);
  assert.equal(told.at(-1), "3 stopped");
});

test("ten quick clicks leave one song sounding", async () => {
  const { page, player, told } = opened();
  for (let row = 0; row < 10; row++) {
    player.play(row);
    await page.wait(0.1);
    assert.ok(page.sounding.length <= 2);
  }
  await page.wait(0.7);
  assert.deepEqual([page.sounding, player.row, told.at(-1)], [["9"], 9, "9 playing"]);
  assert.equal(page.audios.find(({ address }) => address === "9").volume, 1);
});

test("songs of a queue fade into each other with the same power throughout", async () => {
  const { page, player, told } = opened();
  player.playAll([1, 2, 3]);
  assert.deepEqual(player.queue, [2, 3]);
  await page.wait(4.5); // in the middle of the fade
  assert.deepEqual([page.sounding.sort(), player.row], [["1", "2"], 2]);
  const powers = page.audios.map(({ volume }) => volume ** 2);
  assert.ok(Math.abs(powers[0] + powers[1] - 1) < 0.15 && Math.min(...powers) > 0.1, String(powers));
  await page.wait(13);
  const of = (row) => [`${row} loading`, `${row} playing`];
  assert.deepEqual(told, [...of(1), "1 stopped", ...of(2), "2 stopped", ...of(3), "3 stopped"]);
  assert.deepEqual([[...player.heard], page.sounding], [[1, 2, 3], []]);
});

test("a song of a queue that cannot be played is told of and left out", async () => {
  const { page, player, told } = opened({ 2: { error: 3, refused: "NotSupportedError" }, 3: { error: 4 } });
  player.playAll([1, 2, 3, 4]);
  await page.wait(4.5);
  assert.deepEqual(page.sounding.sort(), ["1", "4"]); // the fade is not cut off
  await page.wait(0.5);
  assert.ok(told.some((words) => words.startsWith("2 failed")) && told.some((words) => words.startsWith("3 failed")));
  assert.deepEqual([told.at(-1), page.sounding, [...player.heard]], ["4 playing", ["4"], [1, 4]]);
});

test("another song or a stop ends a queue", async () => {
  const { page, player } = opened();
  player.playAll([1, 2]);
  player.play(7);
  await page.wait(6);
  assert.deepEqual([[...player.heard], player.row], [[7], null]);
  player.playAll([1, 2]);
  await page.wait(1);
  player.stop();
  await page.wait(6);
  assert.deepEqual([[...player.heard], player.queue], [[7, 1], []]);
});

test("where the browser wants a click first, no song of a queue is tried in vain", async () => {
  const wants = { refused: "NotAllowedError" };
  const { page, player, told } = opened({ 1: wants, 2: wants });
  player.playAll([1, 2]);
  await page.wait(1);
  assert.deepEqual([told.length, player.row, player.queue], [2, null, []]);
  assert.match(told[1], /^1 failed.*before a click/);
});

test("a song that never sounds fails in time, and another one can be played then", async () => {
  const { page, player, told } = opened({ 1: { sounds: false } });
  player.play(1);
  await page.wait(7);
  assert.deepEqual(told, ["1 loading"]);
  await page.wait(2);
  assert.match(told.at(-1), /^1 failed.*in time/);
  assert.equal(page.acts.size, 0);
  assert.equal(player.heard.size, 0);
  player.play(2);
  await page.wait(1);
  assert.equal(told.at(-1), "2 playing");
});

test("a sound that something else pauses, as a telephone does, is stopped", async () => {
  const { page, player, told } = opened();
  player.play(1);
  await page.wait(1);
  for (const audio of page.audios) audio.pause();
  await page.wait(0.1);
  assert.deepEqual([told.at(-1), player.row], ["1 stopped", null]);
});

test("a computer that sleeps while a song loads has not waited for it in vain", async () => {
  const { page, player, told } = opened();
  player.play(1);
  page.now += 3_600_000;
  await page.wait(1);
  assert.equal(told.at(-1), "1 playing");
});

test("the first click loads both elements, since Safari lets no other one sound later on", () => {
  const { page, player } = opened();
  player.play(1);
  player.play(2);
  assert.deepEqual(
    page.audios.map(({ loads }) => loads),
    [1, 1],
  );
});
