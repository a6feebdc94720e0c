"""Islands on a map: groups of songs with water around them, which says nothing and is made narrower.

UMAP and t-SNE keep who is near whom; how far groups lie apart says little (Wattenberg, Viégas and Johnson 2016, "How to
Use t-SNE Effectively").
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

REACH, NEARLY_ALL = 2.5, 0.9  # an island's songs are linked by steps of so many times the 0.9 quantile of the nearest
LEAST_REACH = 0.02  # of the map's longer side: narrower water is hardly seen
STRAIT = 1.4  # reaches that are left between islands
CELLS_A_REACH = 8  # songs in a cell count as one, which moves them by less than a strait is wider than a reach
PAGE = 4 / 3  # its longer to its shorter side
ROUNDS = 3
MOST_ISLANDS = 80  # or moving them takes long: of more, near ones count as one
LINE, ACROSS, UP = (1, 1), (1, 0), (0, 1)  # to the middle in a straight line, or along one axis only
SIDESTEPS = (0, 1, -1, 2, -2)  # straits that an island goes aside to pass another one
WAYS = ((LINE, ACROSS, UP), (ACROSS, UP, LINE), (UP, ACROSS, LINE))


class Shores(NamedTuple):
    """A map whose islands were moved, `positions` `(songs, 2)`, and the share of the page that songs cover, before and
    after, 0 to 1; a song covers what lies within half a strait of it.
    """

    positions: np.ndarray
    before: float
    after: float

    def __str__(self) -> str:
        covered = f"songs cover {100 * self.after:.0f} % of the map, {100 * self.before:.0f} % before"
        return f"Islands were moved together: {covered}; inside them nothing moved."


def move_together(positions: np.ndarray, reach: float | None = None) -> Shores | None:
    """Move the islands of a map `(songs, 2)`, each as a whole, towards the middle of all songs, nearest ones first.

    An island stops where a strait would become too narrow, so islands stay islands, and a song that is not alone on one
    keeps its nearest song. Of three ways to the middle, one is taken that leaves little water on a page and lets songs
    lie in the directions from each other in which they lay.

    Returns:
        None if there is one island only, or if the page is not filled better.
    """
    reach = reach_of(positions) if reach is None else reach
    if not reach:
        return None
    cells, cell_of = np.unique(np.floor(positions / reach * CELLS_A_REACH), axis=0, return_inverse=True)
    places, middle, strait = cells / CELLS_A_REACH * reach, positions.mean(axis=0, dtype=float), STRAIT * reach
    island_of = islands(places, reach)
    if island_of.max() >= MOST_ISLANDS:
        return move_together(positions, 1.5 * reach)
    coast = at_coast(cells.astype(int))
    moves = [moves_of(places[coast], island_of[coast], middle, strait, way)[island_of] for way in WAYS]
    maps = [(positions + move[cell_of.ravel()]).astype(positions.dtype) for move in moves]
    closest = min(maps, key=lambda each: page_area(each) / likeness(positions, each) ** 2)
    before, after = (covered(each, strait / 2) for each in (positions, closest))
    return Shores(closest, before, after) if round(100 * after) > round(100 * before) else None


def reach_of(positions: np.ndarray) -> float:
    """How far apart two songs of an island may lie if no other is between them; 0 if all songs lie at one place."""
    from scipy.spatial import KDTree

    places = np.unique(positions, axis=0)
    if len(places) < 2:
        return 0.0
    nearest = KDTree(places).query(places, k=2)[0][:, 1]
    return max(REACH * float(np.quantile(nearest, NEARLY_ALL)), LEAST_REACH * float(np.ptp(positions, axis=0).max()))


def islands(places: np.ndarray, reach: float) -> np.ndarray:
    """The number of the island that each of the places `(places, 2)` is on, from 0: `(places,)`.

    Islands are the clusters of single linkage: places that a chain of steps of at most `reach` connects.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import KDTree

    steps = KDTree(places).query_pairs(reach, output_type="ndarray")
    graph = coo_array((np.ones(len(steps), bool), (steps[:, 0], steps[:, 1])), shape=(len(places), len(places)))
    return connected_components(graph, directed=False)[1]


def at_coast(cells: np.ndarray) -> np.ndarray:
    """Which of the cells `(cells, 2)` can be the nearest to another island, all others lying behind them: `(cells,)`.

    These are the ones within half a reach of the water, land being all that lies within half a reach of a cell.
    """
    from scipy.ndimage import distance_transform_edt

    half, pixels = CELLS_A_REACH / 2, cells - cells.min(axis=0) + CELLS_A_REACH
    to_water = np.asarray(distance_transform_edt(to_nearest(pixels) <= half))
    return to_water[pixels[:, 0], pixels[:, 1]] <= half + 2  # pixels are coarse


def to_nearest(pixels: np.ndarray) -> np.ndarray:
    """How far each pixel of a raster is from the nearest of the given `(pixels, 2)`, with room around them."""
    from scipy.ndimage import distance_transform_edt

    free = np.ones(pixels.max(axis=0) + 1 + CELLS_A_REACH, bool)
    free[pixels[:, 0], pixels[:, 1]] = False
    return np.asarray(distance_transform_edt(free))


def moves_of(
    places: np.ndarray, island_of: np.ndarray, middle: np.ndarray, strait: float, way: Sequence[tuple[int, int]]
) -> np.ndarray:
    """How far each island moves, `(islands, 2)`, as it comes towards the middle by the steps of a way.

    `places` are `(places, 2)`, `island_of` `(places,)`.
    """
    rows = [np.flatnonzero(island_of == island) for island in range(island_of.max() + 1)]
    moves = np.zeros((len(rows), 2))
    for _ in range(ROUNDS):
        before = moves.copy()
        for step in way:
            centres = np.array([places[own].mean(axis=0) for own in rows]) + moves
            for island in np.argsort(np.hypot(*(centres - middle).T), kind="stable"):
                own, others = island_of == island, island_of != island
                now = places + moves[island_of]
                moves[island] += best_move(now[own], now[others], middle, np.array(step), strait)
        if np.abs(moves - before).max() < strait / CELLS_A_REACH:
            break
    return moves


def best_move(
    island: np.ndarray, others: np.ndarray, middle: np.ndarray, step: np.ndarray, strait: float
) -> np.ndarray:
    """How an island comes towards the middle, straight or past what is in its way: `(2,)`.

    The move is taken after which the page is smallest, and the island nearest to the middle if it does not matter.
    """
    moves, ahead = [], (middle - island.mean(axis=0)) * step
    across = np.array([-ahead[1], ahead[0]]) * strait / max(float(np.hypot(*ahead)), strait)
    for sidestep in SIDESTEPS:
        aside = sidestep * across * free_part(island, others, sidestep * across, strait)
        left = (middle - (island + aside).mean(axis=0)) * step
        moves.append(aside + left * free_part(island + aside, others, left, strait))

    def result(move: np.ndarray) -> tuple[float, float]:
        moved = island + move
        return page_area(np.concatenate([others, moved])), float(np.hypot(*(middle - moved.mean(axis=0))))

    return min(moves, key=result)


def free_part(island: np.ndarray, others: np.ndarray, step: np.ndarray, strait: float) -> float:
    """How much of a step `(2,)` an island can take before it is nearer than a strait to others, 0 to 1.

    `island` is `(places, 2)`, `others` `(other places, 2)`. What is nearer already may stay so, but not come nearer.
    """
    length = float(np.hypot(*step))
    if length == 0:
        return 0.0
    ahead, aside = step / length, np.array([-step[1], step[0]]) / length
    lanes, other_lanes = island @ aside, others @ aside
    in_lane = (other_lanes > lanes.min() - strait) & (other_lanes < lanes.max() + strait)
    beside = np.abs(other_lanes[in_lane, None] - lanes)  # (other places, places)
    before = (others[in_lane] @ ahead)[:, None] - island @ ahead
    met = (beside < strait) & (before > 0)
    free = before[met] - np.sqrt(strait**2 - beside[met] ** 2)
    return float(np.clip(free.min(initial=length), 0, length)) / length


def likeness(before: np.ndarray, after: np.ndarray) -> float:
    """How far songs lie in the same directions from the middle as before, -1 to 1: the cosine of the angle between both
    maps `(songs, 2)`, their middles taken out.
    """
    one, other = (each.astype(float) - each.mean(axis=0, dtype=float) for each in (before, after))
    return float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()))


def page_area(positions: np.ndarray, margin: float = 0.0) -> float:
    """The area of the smallest page, wide or tall, that holds positions `(songs, 2)` with a margin around them."""
    short, long = sorted(np.ptp(positions, axis=0).astype(float) + 2 * margin)
    return max(long, short * PAGE) ** 2 / PAGE


def covered(positions: np.ndarray, radius: float) -> float:
    """The share of that page that lies within `radius` of a song, 0 to 1, counted on a raster."""
    pixel = radius / CELLS_A_REACH
    pixels = np.floor((positions - positions.min(axis=0) + radius) / pixel).astype(int)
    land = np.count_nonzero(to_nearest(pixels) <= CELLS_A_REACH)
    return float(land * pixel**2 / page_area(positions, radius))
