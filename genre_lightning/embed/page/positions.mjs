// Questions about where songs lie on the map.

const ASIDE = 2; // what lies aside of a direction counts as farther away

// The nearest row in a direction [right, up], or in any if that is null; null if there is none
export function nearestTowards({ x, y }, shown, [fromX, fromY], direction) {
  let [nearest, least] = [null, Infinity];
  for (let row = 0; row < x.length; row++) {
    if (!shown[row]) continue;
    const [right, up] = [x[row] - fromX, y[row] - fromY];
    let distance = Math.hypot(right, up);
    if (direction) {
      const ahead = right * direction[0] + up * direction[1];
      const aside = Math.abs(right * direction[1] - up * direction[0]);
      if (ahead <= 0 || aside > ahead * ASIDE) continue;
      distance = ahead + ASIDE * aside;
    }
    if (distance < least) [nearest, least] = [row, distance];
  }
  return nearest;
}
