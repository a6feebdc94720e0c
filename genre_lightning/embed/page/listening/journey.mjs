// The songs along a line on the map: as `genre-lightning neighbours --to` finds them, in genre_lightning/embed/journey.py.

const REACH = 0.25; // of the line's length: songs that are further from it are left out

// Rows, `start` first and `end` last: at each of the points that divide the line between them into `count - 1` parts, the
// nearest song that was not taken yet, in the order in which the line passes them. Only what is shown counts
export function journey(columns, shown, start, end, count) {
  const [x, y] = [(row) => columns.x[row] - columns.x[start], (row) => columns.y[row] - columns.y[start]];
  const [right, up] = [x(end), y(end)];
  const square = right * right + up * up;
  const along = (row) => x(row) * right + y(row) * up; // 0 at the start, the line's length squared at its end
  const beside = (row) => Math.abs(x(row) * up - y(row) * right);
  const isNear = (row) => along(row) >= 0 && along(row) <= square && beside(row) <= REACH * square && square > 0;
  const free = new Set(
    [...columns.x.keys()].filter((row) => shown[row] && row !== start && row !== end && isNear(row)),
  );
  const taken = [];
  for (let step = 1; step < count - 1 && free.size; step++) {
    const share = step / (count - 1);
    const nearest = least(free, (row) => (x(row) - right * share) ** 2 + (y(row) - up * share) ** 2);
    free.delete(nearest);
    taken.push(nearest);
  }
  return [start, ...taken.sort((one, other) => along(one) - along(other) || one - other), end];
}

// The first of those for which a measure is least
function least(rows, measure) {
  let [best, smallest] = [null, Infinity];
  for (const row of rows) {
    const measured = measure(row);
    if (measured < smallest) [best, smallest] = [row, measured];
  }
  return best;
}
