"""What changes along the axes of a map, in words, and the turn of it that lets them say most."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from genre_lightning.data.artists import artist_name
from genre_lightning.embed.descriptors import DESCRIPTORS

LEAST_SONGS = 20
LEAST_STRENGTH = 0.3
CHANCE = 0.05  # that an axis is said to have a direction on a map whose songs lie anywhere
ANGLES = np.radians(np.arange(0, 90, 5))
TRIED = 2 * len(ANGLES) * len(DESCRIPTORS)  # correlations of which the strongest are picked
WORDS_SHOWN = 2  # of an axis


class Direction(NamedTuple):
    """`more` is what songs are the further they lie to the right or up, `less` what they are at the other end.

    `strength` is Spearman's rank correlation of the descriptor and the position, 0 to 1.
    """

    more: str
    less: str
    strength: float


class Axes(NamedTuple):
    """The directions of a map's axes, strongest first, and of how many songs they were computed."""

    x: tuple[Direction, ...]
    y: tuple[Direction, ...]
    songs: int


def directions(positions: np.ndarray, descriptors: np.ndarray, artists: Sequence[str]) -> Axes:
    """What changes along the axes of a map as it lies; a descriptor is named on the axis along which it changes most.

    Args:
        positions: `(songs, 2)`.
        descriptors: `(songs, descriptors)`, NaN where unknown.
        artists: The name of each song's artist, '' if unknown: songs of one artist are alike, and count as one.
    """
    strengths, songs = explained(positions, descriptors, artists)
    strengths = np.where(np.abs(strengths) == np.abs(strengths).max(axis=0), strengths, 0)
    x, y = (named(of_axis) for of_axis in strengths)
    return Axes(x, y, songs)


def named(strengths: np.ndarray) -> tuple[Direction, ...]:
    """The strongest directions of an axis by its correlations with the descriptors, `(descriptors,)`."""
    found = []
    for column in np.argsort(-np.abs(strengths), kind="stable")[:WORDS_SHOWN]:
        (more, less), strength = DESCRIPTORS[column], float(strengths[column])
        if strength > 0:
            found.append(Direction(more, less, strength))
        elif strength < 0:
            found.append(Direction(less, more, -strength))
    return tuple(found)


def turn(positions: np.ndarray, descriptors: np.ndarray, artists: Sequence[str]) -> np.ndarray:
    """How to turn a new map so that descriptors change along its axes, growing to the right and up.

    One descriptor explains x and another one y, so that the sum of their squared correlations is largest. If none
    explains anything, the longest extent of the map comes to lie along x. The arguments are those of `directions`.

    Returns:
        An orthogonal matrix `(2, 2)`, a rotation and perhaps a reflection, to multiply positions by.
    """
    turns = np.stack([rotation(angle) for angle in ANGLES])  # (angles, 2, 2)
    values = np.concatenate(positions @ turns, axis=1)  # (songs, 2 angles): x and y of each
    strengths, _ = explained(values, descriptors, artists)
    if not strengths.any():
        return along_x(positions)
    x, y = strengths.reshape(len(ANGLES), 2, -1).transpose(1, 0, 2)  # (angles, descriptors) each
    both = x[:, :, None] ** 2 + y[:, None, :] ** 2
    same = np.arange(len(DESCRIPTORS))
    both[:, same, same] = np.maximum(x**2, y**2)  # one descriptor explains one axis
    angle, of_x, of_y = np.unravel_index(both.argmax(), both.shape)
    return turns[angle] * np.where([x[angle, of_x] < 0, y[angle, of_y] < 0], -1, 1)


def explained(values: np.ndarray, descriptors: np.ndarray, artists: Sequence[str]) -> tuple[np.ndarray, int]:
    """The correlation of each of the values `(songs, n)` with each descriptor, `(n, descriptors)`, 0 if it is weak or
    may be chance; and of how many songs. Descriptors that half of the songs lack are left out.
    """
    columns = np.flatnonzero(np.isfinite(descriptors).sum(axis=0) > len(descriptors) / 2)
    rows = np.flatnonzero(np.isfinite(descriptors[:, columns]).all(axis=1))
    found = np.zeros((values.shape[1], descriptors.shape[1]))
    names = [artist_name(artists[row]) for row in rows.tolist()]
    independent = len({*names} - {""}) + names.count("")
    if independent >= LEAST_SONGS and len(columns):
        found[:, columns] = correlations(values[rows], descriptors[np.ix_(rows, columns)])
        found[np.abs(found) < least_strength(independent)] = 0
    return found, len(rows)


def correlations(values: np.ndarray, descriptors: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of each of the values `(songs, n)` with each descriptor: `(n, descriptors)`.

    0 where all songs are the same.
    """
    from scipy.stats import rankdata

    def scaled(columns: np.ndarray) -> np.ndarray:
        ranks = rankdata(columns, axis=0) - (len(columns) + 1) / 2
        return ranks / np.linalg.norm(ranks, axis=0).clip(min=1e-9)

    return scaled(values).T @ scaled(descriptors)


def least_strength(songs: int) -> float:
    """The weakest correlation over so many independent songs that is told, by Student's t with Bonferroni's correction:
    CHANCE is that of any of all that are tried.
    """
    from scipy.stats import t

    unusual = t.isf(CHANCE / (2 * TRIED), songs - 2)
    return max(LEAST_STRENGTH, float(unusual / np.hypot(unusual, np.sqrt(songs - 2))))


def rotation(angle: float) -> np.ndarray:
    """What turns positions by an angle in radians, clockwise: `(2, 2)`, to multiply them by."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def along_x(positions: np.ndarray) -> np.ndarray:
    """What turns the direction in which positions vary most to x, by at most a right angle: `(2, 2)`."""
    variances = np.cov(positions.T.astype(float), ddof=0)
    return rotation(0.5 * np.arctan2(2 * variances[0, 1], variances[0, 0] - variances[1, 1]))
