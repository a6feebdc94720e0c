// One Audio element that plays some seconds of a song. How it goes is looked at step by step: events may never come.

const EXCERPT_SECONDS = 5; // as excerpts.py cuts them
export const EDGE_SECONDS = 0.25; // of the fades at both ends, as there
const PATIENCE_SECONDS = { excerpt: 8, file: 20 }; // without sound; a disk may have to wake up
const UNHEARD_SECONDS = 0.5; // of a song that then plays from its beginning, its length being unknown
const NOT_SUPPORTED = 4; // MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED

export class Voice {
  constructor() {
    this.audio = new Audio();
    this.audio.preload = "auto";
    this.state = "silent"; // or "loading", "playing", "leaving", "ended", "paused" by somebody else, "failed"
  }

  // Inside a click, or the browser may refuse; the sound swells for some seconds
  start(sound, swelling) {
    Object.assign(this, { sound, swelling, state: "loading", cause: null });
    Object.assign(this, { sought: false, from: null, at: 0, length: EXCERPT_SECONDS, quiet: 0 });
    Object.assign(this, { leaving: 1, toLeave: Number.POSITIVE_INFINITY });
    this.audio.src = sound.address;
    this.audio.volume = 0; // until it is where it shall be; iOS knows one volume only
    const asked = this.audio.play();
    this.asked = asked;
    asked.catch((error) => asked === this.asked && this.refused(error.name));
  }

  // Die away within some seconds, from playing
  leave(seconds) {
    Object.assign(this, { state: "leaving", leaving: seconds, toLeave: seconds });
  }

  finish(state) {
    this.audio.pause();
    this.state = this.state === "leaving" ? "silent" : state;
  }

  refused(name) {
    if (name === "NotAllowedError") this.fail("click");
    else if (name !== "AbortError") this.fail(this.audio.error?.code ?? NOT_SUPPORTED);
  }

  // The cause is "click", "slow", "stalled" or the code of a MediaError
  fail(cause) {
    if (!this.isOn) return;
    this.cause = cause;
    this.finish("failed");
  }

  get isOn() {
    return ["loading", "playing", "leaving"].includes(this.state);
  }

  get played() {
    return this.from === null ? 0 : this.at - this.from;
  }

  get left() {
    return this.length - this.played;
  }

  // What has become of it, some seconds after the last step
  step(seconds) {
    const { audio, state } = this;
    if (!this.isOn) return;
    if (audio.error) this.fail(audio.error.code);
    else if (audio.ended) this.finish("ended");
    else if (audio.paused && state !== "loading") this.finish("paused");
    else this.follow(seconds);
  }

  follow(seconds) {
    if (this.from === null) this.place();
    const at = this.audio.currentTime;
    const flows = this.from !== null && at > this.at;
    Object.assign(this, { at, quiet: flows ? 0 : this.quiet + seconds });
    if (this.state === "leaving") this.toLeave -= seconds;
    if (flows && this.state === "loading") this.state = "playing";
    if (this.quiet > PATIENCE_SECONDS[this.sound.excerpt ? "excerpt" : "file"]) this.giveUp();
    else if (this.left <= 0 || this.toLeave <= 0) this.finish("ended");
    else this.audio.volume = this.gain;
  }

  giveUp() {
    this.fail(this.state === "loading" ? "slow" : "stalled");
  }

  // To the middle as soon as the length is known. Some browsers tell it while they play, and some never.
  place() {
    const { audio } = this;
    const { duration } = audio;
    if (!this.sought && Number.isFinite(duration)) {
      this.sought = true;
      const middle = (duration - EXCERPT_SECONDS) / 2;
      if (middle > 0.1) audio.currentTime = middle;
    }
    if (audio.seeking || (!this.sought && audio.currentTime < UNHEARD_SECONDS)) return;
    this.from = this.at = audio.currentTime; // the beginning, where the browser cannot seek
    this.length = Math.min(EXCERPT_SECONDS, (duration || Number.POSITIVE_INFINITY) - this.from);
  }

  get gain() {
    const { played, swelling, left, toLeave, leaving } = this;
    return rising(played / swelling) * rising(left / EDGE_SECONDS) * rising(toLeave / leaving);
  }
}

// The loudness of a fade, of which two in opposite directions together have the same power at each time
function rising(part) {
  return Math.sin((Math.PI / 2) * Math.min(1, Math.max(0, part)));
}
