// The figures below the map, each explained on demand, and the words at the ends of its axes.

import { at, counted, element, text } from "../elements.mjs";

const OF_AXES =
  "Spearman's rank correlation of what is heard in songs with their place along an axis: 1 if the order is the same, 0 if " +
  "it is any.";

export function showFigures(box, { figures, axes }) {
  const told = [...axes.x, ...axes.y].map(({ more, strength }) => `${more} ${strength.toFixed(2)}`);
  const ofAxes = { name: `axes, ${counted(axes.songs, "song")}`, value: told.join(", "), meaning: OF_AXES };
  const shown = [...figures, ...(told.length ? [ofAxes] : [])].map(({ name, value, meaning }) => {
    const summary = element("summary", {}, text(name), " ", element("b", {}, value));
    return element("details", { name: "figure" }, summary, element("p", {}, meaning));
  });
  box.replaceChildren(...shown);
}

// At either end of an axis, what there is more of or less of, and where there is more of it, how strongly
export function showAxes({ x, y }) {
  const ends = { left: [x, "less"], right: [x, "more"], bottom: [y, "less"], top: [y, "more"] };
  for (const [end, [directions, side]] of Object.entries(ends)) {
    const strength = (each) => (side === "more" ? ` (${each.strength.toFixed(2)})` : "");
    const box = at(`axis-${end}`);
    box.hidden = directions.length === 0;
    box.textContent = directions.map((each) => each[side] + strength(each)).join(", ");
  }
}
