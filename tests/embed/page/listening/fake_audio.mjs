// Audio elements that make no sound, in a time that passes when a test says so.

const STEP_SECONDS = 0.025;
const USUAL = { length: 5, isLengthTold: true, sounds: true, canSeek: true, stallsAt: Number.POSITIVE_INFINITY };

class FakeAudio {
  constructor(page) {
    this.page = page;
    page.audios.push(this);
    Object.assign(this, { volume: 1, paused: true, loads: 0, how: {} });
  }

  set src(address) {
    this.stopWaiting?.({ name: "AbortError" });
    this.how = { ...USUAL, ...this.page.songs[address] };
    Object.assign(this, {
      address,
      time: 0,
      duration: Number.NaN,
      ended: false,
      error: null,
      paused: true,
      seeking: false,
    });
  }

  load() {
    this.loads += 1;
  }

  play() {
    const { refused, error } = this.how;
    this.paused = refused === "NotAllowedError";
    if (error) this.error = { code: error };
    if (refused) return Promise.reject({ name: refused });
    return new Promise((_, reject) => (this.stopWaiting = reject));
  }

  pause() {
    this.paused = true;
  }

  get currentTime() {
    return this.time;
  }

  set currentTime(seconds) {
    if (!this.how.canSeek) return;
    this.time = seconds;
    this.seeking = true; // until a step later
  }

  get isSounding() {
    return !this.paused && !this.ended && !this.error && this.how.sounds === true;
  }

  pass(seconds) {
    const wasSeeking = this.seeking;
    this.seeking = false;
    if (!this.isSounding || wasSeeking) return;
    const { length, isLengthTold, stallsAt } = this.how;
    this.duration = isLengthTold ? length : Number.POSITIVE_INFINITY;
    this.time = Math.min(this.time + seconds, length, Math.max(this.time, stallsAt));
    this.ended = this.time >= length;
  }
}

// A page in which `songs` (address: how it behaves, where that is not USUAL) can be played. What it asks for again and
// again is done each step.
export class FakePage {
  constructor(songs = {}) {
    Object.assign(this, { songs, audios: [], acts: new Set(), now: 0 });
    const page = this;
    globalThis.Audio = class extends FakeAudio {
      constructor() {
        super(page);
      }
    };
    globalThis.setInterval = (act) => this.acts.add(act) && act;
    globalThis.clearInterval = (act) => this.acts.delete(act);
    Date.now = () => this.now;
  }

  // Let seconds pass
  async wait(seconds) {
    for (let step = 0; step < Math.round(seconds / STEP_SECONDS); step++) {
      await new Promise(setImmediate); // so that promises are kept or broken
      for (const audio of this.audios) audio.pass(STEP_SECONDS);
      this.now += 1000 * STEP_SECONDS;
      for (const act of this.acts) act();
    }
  }

  // The addresses of what sounds now
  get sounding() {
    return this.audios.filter((audio) => audio.isSounding).map(({ address }) => address);
  }
}
