// The keyboard: every key, what it does, and the list of them.

import { element } from "./elements.mjs";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const PAN_PIXELS = 80;
const LISTED = [
  ["/", "find a song or an artist"],
  ["← → ↑ ↓", "go to the next song in that direction; with Shift, move the map"],
  ["Space", "play the song or stop it"],
  ["N", "go on to the nearest song that you have not heard"],
  ["P", "draw a path from the chosen song: go to another one and press Enter"],
  ["A", "songs or artists"],
  ["+ − 0", "zoom in, zoom out, show the whole map"],
  ["Esc", "undo the choice"],
  ["?", "this list"],
];

export class Keys {
  constructor(map, help) {
    Object.assign(this, { map, help });
    const rows = LISTED.map(([key, does]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, does)]);
    help.querySelector("dl").append(...rows.flat());
    document.addEventListener("keydown", (event) => this.press(event));
  }

  press(event) {
    const { key, ctrlKey, altKey, metaKey, target } = event;
    if (ctrlKey || altKey || metaKey || target.matches("input") || this.help.open) return;
    if ([" ", "Enter"].includes(key) && target.matches("button, summary")) return; // which they press
    const act = this.acts[key.length > 1 ? key : key.toLowerCase()] ?? this.arrow(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  get acts() {
    const { map } = this;
    return {
      "/": () => map.search.input.focus(),
      " ": () => map.listening.toggle(),
      Enter: () => map.listening.enter(),
      n: () => map.listening.playUnheard(),
      p: () => map.listening.startPath(),
      a: () => map.switchView(map.view === "songs" ? "artists" : "songs"),
      "+": () => map.camera.zoomBy(2),
      "=": () => map.camera.zoomBy(2),
      "-": () => map.camera.zoomBy(1 / 2),
      0: () => map.camera.goHome(),
      Escape: () => map.undo(),
      "?": () => this.help.showModal(),
    };
  }

  // Arrows mean the map, unless something else has the focus, which may have to be scrolled
  arrow({ key, shiftKey, target }) {
    const direction = ARROWS[key];
    if (!direction || !target.matches("body, #plane, button")) return null;
    const [right, up] = direction;
    if (shiftKey) return () => this.map.camera.panBy(-PAN_PIXELS * right, PAN_PIXELS * up);
    return () => this.map.step(right, up);
  }
}
