// Plays excerpts of songs, one or a queue of them, which fade into each other: two voices take turns.

import { troubleOf } from "./trouble.mjs";
import { EDGE_SECONDS, Voice } from "./voice.mjs";

const FADE_SECONDS = 0.6;
const STEP_MILLISECONDS = 25;

export class Player {
  // soundOf(row) returns { address, excerpt }: what to play, and whether that is an excerpt in the page (a data: URL) or
  // the song's own file. tell(row, state, progress, trouble) is called with "loading", "playing", "stopped" or "failed",
  // with how much of the excerpt was played, 0 to 1, and with what to say if it failed. `remedy` says what to do about a
  // song that has no excerpt and cannot be played: only the page knows why it has none.
  constructor(soundOf, tell, remedy) {
    Object.assign(this, { soundOf, tell, remedy });
    this.voices = [new Voice(), new Voice()];
    this.row = null;
    this.queue = []; // what will be played after it
    this.heard = new Set(); // the rows that have sounded
    this.timer = null;
    this.unlocked = false;
  }

  // What plays `row`; the other one is silent or fades out
  get voice() {
    return this.voices[0];
  }

  toggle(row) {
    if (this.row === row) this.stop();
    else this.play(row);
  }

  play(row) {
    this.playAll([row]);
  }

  playAll(rows) {
    if (!this.unlocked) this.unlock();
    this.queue = [...rows];
    this.next();
  }

  // Safari lets an element sound later on if a click has loaded it
  unlock() {
    for (const { audio } of this.voices) audio.load();
    this.unlocked = true;
  }

  next() {
    if (!this.queue.length) return this.stop();
    const before = this.row;
    this.row = this.queue.shift();
    if (this.voice.state === "playing") this.takeTurns();
    const isAlone = !this.voices.some((voice) => voice.isOn);
    this.voice.start(this.soundOf(this.row), isAlone ? EDGE_SECONDS : FADE_SECONDS);
    this.watch();
    if (before !== null) this.tell(before, "stopped", 0, "");
    this.tell(this.row, "loading", 0, "");
  }

  takeTurns() {
    this.voice.leave(FADE_SECONDS);
    this.voices.reverse();
  }

  stop() {
    const { row } = this;
    this.row = null;
    this.queue = [];
    for (const voice of this.voices) voice.finish("silent");
    this.rest();
    if (row !== null) this.tell(row, "stopped", 0, "");
  }

  watch() {
    if (this.timer !== null) return;
    this.last = Date.now();
    this.timer = setInterval(() => this.step(), STEP_MILLISECONDS);
  }

  rest() {
    clearInterval(this.timer);
    this.timer = null;
  }

  step() {
    const now = Date.now();
    const seconds = Math.min(1, (now - this.last) / 1000); // more have passed after the computer has slept
    this.last = now;
    for (const voice of this.voices) voice.step(seconds);
    if (this.row !== null) this.follow();
    if (!this.voices.some((voice) => voice.isOn)) this.rest();
  }

  follow() {
    const { state, played, length } = this.voice;
    if (state === "failed") return this.fail();
    if (state === "paused") return this.stop();
    if (state === "playing") this.heard.add(this.row);
    if (state === "ended" || this.isTimeForNext) return this.next();
    this.tell(this.row, state, played / length, "");
  }

  // Early enough to have faded over before the excerpt itself dies away
  get isTimeForNext() {
    const { state, left, length } = this.voice;
    const overlap = Math.min(FADE_SECONDS + EDGE_SECONDS, length / 2);
    return this.queue.length > 0 && state === "playing" && left <= overlap;
  }

  // Tell of it, and go on with the next song, unless the browser refuses them all
  fail() {
    const { row, voice } = this;
    this.row = null;
    if (voice.cause === "click") this.queue = [];
    this.tell(row, "failed", 0, troubleOf(voice.cause, voice.sound, this.remedy));
    if (this.queue.length) this.next();
  }
}
