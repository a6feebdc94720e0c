// What is under the pointer, told beside it where it hides least of the lines to the nearest songs.

import { element, text } from "../elements.mjs";
import { artistFacts, songFacts } from "./facts.mjs";

const AWAY_PIXELS = 14;
const POINTS_ON_LINE = 24;

export class Hover {
  constructor(box, contents) {
    Object.assign(this, { box, contents });
  }

  hide() {
    this.box.hidden = true;
  }

  // `lines` are those on the screen, `room` is its width and height
  show(view, row, [left, top], lines, room) {
    const { songs } = this.contents;
    const by = view === songs && songs.by[row] ? [element("p", {}, text(songs.by[row]))] : [];
    const facts = view === songs ? songFacts(this.contents, row) : artistFacts(this.contents, row);
    this.box.replaceChildren(element("strong", {}, text(view.name[row])), ...by, ...facts);
    this.box.hidden = false;
    const place = freest(left, top, this.box.offsetWidth, this.box.offsetHeight, lines, room);
    this.box.style.transform = `translate(${Math.round(place.left)}px, ${Math.round(place.top)}px)`;
  }
}

// Of the four places around a point, the one that is inside and hides least of the lines
export function freest(left, top, width, height, lines, [roomWidth, roomHeight]) {
  const [before, after] = [-AWAY_PIXELS, AWAY_PIXELS];
  const places = [
    { left: left + after, top: top + after },
    { left: left + before - width, top: top + after },
    { left: left + after, top: top + before - height },
    { left: left + before - width, top: top + before - height },
  ];
  const points = lines.flatMap(pointsOn);
  const cost = (place) => {
    const inside = ([x, y]) => x > place.left && x < place.left + width && y > place.top && y < place.top + height;
    const out = Math.max(0, -place.left, -place.top, place.left + width - roomWidth, place.top + height - roomHeight);
    return points.filter(inside).length + 10 * out;
  };
  const costs = places.map(cost);
  return places[costs.indexOf(Math.min(...costs))];
}

function pointsOn([[fromX, fromY], [toX, toY]]) {
  return Array.from({ length: POINTS_ON_LINE }, (_, at) => {
    const share = (at + 1) / POINTS_ON_LINE;
    return [fromX + (toX - fromX) * share, fromY + (toY - fromY) * share];
  });
}
