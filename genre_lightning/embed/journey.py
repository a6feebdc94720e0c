"""A way over the map from one song to another, by songs that lie along the straight line between them."""

import numpy as np

REACH = 0.25  # of the line's length: songs that are further from it are left out


def journey(positions: np.ndarray, start: int, end: int, count: int) -> list[int]:
    """The songs along the straight line from one song to another, in the order in which the line passes them.

    Both ends are taken. At each of the points that divide the line into `count - 1` equal parts, from the first one
    after the start to the last one before the end, the nearest song is taken that is not taken yet, the one with the
    lower row if two are as near. Only songs count that lie beside the line, neither before its start nor behind its
    end, and no further from it than REACH of its length; none if both ends are at one place. There may be fewer than
    `count`. Last they are ordered by where a perpendicular meets the line, then by rows. The page's script does the
    same (tests/embed/journeys.json).

    Args:
        positions: `(songs, 2)`, where each song lies on the map.
        start: The row of the song where the line starts.
        end: The row of another song, where it ends.
        count: How many songs to take, both ends among them, at least 2.

    Returns:
        Rows, `start` first and `end` last.
    """
    x, y = np.asarray(positions, np.float64).T
    along_x, along_y = x[end] - x[start], y[end] - y[start]
    square = along_x * along_x + along_y * along_y
    along = (x - x[start]) * along_x + (y - y[start]) * along_y  # 0 at the start, the line's length squared at its end
    beside = (x - x[start]) * along_y - (y - y[start]) * along_x
    free = (along >= 0) & (along <= square) & (np.abs(beside) <= REACH * square) & (square > 0)
    free[[start, end]] = False
    taken = []
    for step in range(1, count - 1):
        if not free.any():
            break
        left, up = x - (x[start] + along_x * step / (count - 1)), y - (y[start] + along_y * step / (count - 1))
        nearest = int(np.where(free, left * left + up * up, np.inf).argmin())
        free[nearest] = False
        taken.append(nearest)
    return [start, *sorted(taken, key=lambda row: (along[row], row)), end]
