// Plays five seconds of a song: the excerpt in the page, or the middle of the song's own file.

const EXCERPT_SECONDS = 5;
const FADE_SECONDS = 0.25;

class Player {
  constructor(addresses, tell) {
    this.addresses = addresses;
    this.tell = tell; // called with (row, "playing" | "stopped" | "failed", how much of the excerpt was played, 0 to 1)
    this.audio = new Audio();
    this.audio.preload = "auto";
    this.row = null;
  }

  toggle(row) {
    if (this.row === row) this.stop();
    else this.play(row);
  }

  async play(row) {
    this.stop();
    this.row = row;
    const excerpt = document.getElementById(`excerpt-${row}`);
    this.audio.src = excerpt ? `data:audio/mpeg;base64,${excerpt.textContent}` : this.addresses[row];
    this.tell(row, "playing", 0);
    try {
      await this.untilLengthIsKnown();
      if (this.row !== row) return;
      const start = Math.max(0, (this.audio.duration - EXCERPT_SECONDS) / 2) || 0;
      if (start > 0.1) this.audio.currentTime = start;
      await this.audio.play();
      this.follow(row, this.audio.currentTime);
    } catch (error) {
      if (this.row === row && error.name !== "AbortError") this.fail(row);
    }
  }

  untilLengthIsKnown() {
    return new Promise((resolve, reject) => {
      this.audio.onloadedmetadata = resolve;
      this.audio.onerror = () => reject(new Error("cannot be played"));
    });
  }

  follow(row, start) {
    const step = () => {
      if (this.row !== row) return;
      const played = this.audio.currentTime - start;
      if (played >= EXCERPT_SECONDS || this.audio.ended) return this.stop();
      this.audio.volume = Math.min(1, Math.max(0, (EXCERPT_SECONDS - played) / FADE_SECONDS));
      this.tell(row, "playing", played / EXCERPT_SECONDS);
      requestAnimationFrame(step);
    };
    step();
  }

  stop() {
    const row = this.row;
    this.row = null;
    this.audio.pause();
    if (row !== null) this.tell(row, "stopped", 0);
  }

  fail(row) {
    this.row = null;
    this.tell(row, "failed", 0);
  }
}

// What a section's button to play says; `trouble` is told if the song cannot be played.
function showPlaying(section, state, progress, trouble) {
  const play = section.querySelector(".play");
  play.dataset.state = state;
  play.querySelector("b").textContent = state === "playing" ? "Stop" : "Play";
  play.querySelector(".heard").style.width = `${100 * progress}%`;
  const told = section.querySelector(".trouble");
  told.hidden = state !== "failed";
  told.textContent = state === "failed" ? trouble : "";
}
