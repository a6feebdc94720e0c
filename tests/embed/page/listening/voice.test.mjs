import assert from "node:assert/strict";
import { test } from "node:test";
import { Voice } from "../../../../genre_lightning/embed/page/listening/voice.mjs";
import { FakePage } from "./fake_audio.mjs";

// A voice that plays a song's own file
function started(how, excerpt = false) {
  const page = new FakePage({ song: how });
  const voice = new Voice();
  setInterval(() => voice.step(0.025), 25);
  voice.start({ address: "song", excerpt }, 0.25);
  return { page, voice, audio: voice.audio };
}

test("a whole song is played from its middle, unheard until it is there", async () => {
  const { page, voice, audio } = started({ length: 20 });
  assert.equal(audio.volume, 0);
  await page.wait(0.025);
  assert.ok(audio.volume === 0 && audio.time >= 7.5);
  await page.wait(4);
  assert.deepEqual([voice.state, audio.volume], ["playing", 1]);
  await page.wait(1.1);
  assert.ok(voice.state === "ended" && audio.paused && audio.time < 12.8);
});

test("a song whose length is never told, or in which nothing can be sought, plays from its beginning", async () => {
  for (const how of [{ isLengthTold: false }, { canSeek: false }]) {
    const { page, voice, audio } = started({ length: 20, ...how });
    await page.wait(1.5);
    assert.ok(voice.state === "playing" && audio.volume === 1 && audio.time < 2);
    await page.wait(5);
    assert.equal(voice.state, "ended");
  }
});

test("a short sound is heard whole", async () => {
  const { page, voice, audio } = started({ length: 1 });
  await page.wait(0.5);
  assert.ok(voice.state === "playing" && audio.volume > 0.9 && Math.abs(voice.played / voice.length - 0.5) < 0.1);
  await page.wait(0.6);
  assert.equal(voice.state, "ended");
});

test("each cause of silence is told", async () => {
  const causes = [
    [{ refused: "NotAllowedError" }, "click"],
    [{ refused: "NotSupportedError" }, 4],
    [{ refused: "NotSupportedError", error: 3 }, 3],
    [{ error: 2 }, 2],
    [{ sounds: false }, "slow"],
    [{ stallsAt: 2 }, "stalled"],
  ];
  for (const [how, cause] of causes) {
    const { page, voice, audio } = started(how);
    await page.wait(25);
    assert.deepEqual([voice.state, voice.cause, audio.paused], ["failed", cause, true]);
  }
});

test("an excerpt, which no disk holds up, is waited for less long", async () => {
  for (const [excerpt, state] of [
    [true, "failed"],
    [false, "loading"],
  ]) {
    const { page, voice } = started({ sounds: false }, excerpt);
    await page.wait(10);
    assert.equal(voice.state, state);
  }
});

test("a sound that comes although its promise was broken is as good as any", async () => {
  const { page, voice } = started({ refused: "AbortError" });
  await page.wait(1);
  assert.equal(voice.state, "playing");
});

test("what becomes of a sound that was replaced does not matter", async () => {
  const { page, voice } = started({ refused: "NotSupportedError", error: 4 });
  voice.start({ address: "another", excerpt: true }, 0.25);
  await page.wait(1);
  assert.equal(voice.state, "playing");
});

test("a voice that leaves dies away, is silent then, and can begin anew", async () => {
  const { page, voice, audio } = started({ length: 20 });
  await page.wait(1);
  voice.leave(0.6);
  await page.wait(0.3);
  assert.ok(audio.volume > 0.6 && audio.volume < 0.8 && !audio.paused);
  await page.wait(0.4);
  assert.ok(voice.state === "silent" && audio.paused);
  voice.start({ address: "song" }, 0.25);
  await page.wait(1);
  assert.deepEqual([voice.state, audio.volume], ["playing", 1]);
});
