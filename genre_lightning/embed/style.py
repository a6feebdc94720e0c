"""What stands for what on a map of songs, on the picture as on the page: colours, shapes, fills and rings."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from genre_lightning.embed.embeddings import Embeddings
from genre_lightning.plotting import COLOURS

SHAPES = ("circle", "square", "triangle", "diamond", "inverted_triangle", "hex")
RING_COLOUR = "#222222"
SQUEEZE = "A map squeezes {dimensions} dimensions into 2; the figures and the neighbours are of all dimensions."


class Mark(NamedTuple):
    """What stands for a genre; the shapes go by Bokeh's names."""

    colour: str
    shape: str


class Fill(NamedTuple):
    """How opaque the marks of some songs are inside and at their edge, and what that means; lower layers lie behind."""

    label: str
    inside: float
    edge: float
    layer: int = 1


# What stands for the side of a run's own songs where they lie behind the ones that a map is about.
BEHIND = "behind"
# Songs the model learnt from are pale, songs it did not are full.
FILLS = {
    BEHIND: Fill("song of the run", 0.18, 0.0, layer=0),
    "train": Fill("train", 0.32, 0.0),
    "val": Fill("validation", 0.32, 1.0),
    "test": Fill("test", 1.0, 0.0),
    "": Fill("new to the model", 1.0, 0.0),
}
# Songs whose genre nobody knows have the colour of the one the model takes them for, and are hollow.
GUESSED = Fill("unknown genre, colour as predicted", 0.0, 1.0)
# What stands around a mistake
RING = Fill("wrongly classified", 0.0, 1.0)


def shown_genres(embeddings: Embeddings) -> list[str]:
    """The genres that have marks: the model's in its order, then those that it was never taught."""
    others = set(embeddings.tracks.genres) - {*embeddings.genres, ""}
    return [*embeddings.genres, *sorted(others)]


def marks(genres: Sequence[str]) -> dict[str, Mark]:
    """A colour and a shape for each genre, different from all others for the first 48 of them."""
    return {
        genre: Mark(COLOURS[index % len(COLOURS)], SHAPES[index // len(COLOURS) % len(SHAPES)])
        for index, genre in enumerate(genres)
    }


def genre_of_songs(embeddings: Embeddings) -> list[str]:
    """The genre whose mark each song has: its own, or where nobody knows it the predicted one."""
    predicted = embeddings.probabilities.argmax(axis=1)
    return [track.genre or embeddings.genres[guess] for track, guess in zip(embeddings.tracks, predicted, strict=True)]


def fill_of_songs(embeddings: Embeddings) -> list[Fill]:
    """The fill that each song's mark has."""
    return [FILLS[track.split] if track.genre else GUESSED for track in embeddings.tracks]


def wrongly_classified(embeddings: Embeddings) -> np.ndarray:
    """Which songs `(songs,)` were taken for another genre; false where the model was never taught the right one, and
    for those that lie behind.
    """
    predicted = embeddings.probabilities.argmax(axis=1)
    column = {genre: index for index, genre in enumerate(embeddings.genres)}
    true = np.array([column.get(track.genre, -1) for track in embeddings.tracks])
    behind = np.array([track.split == BEHIND for track in embeddings.tracks])
    return (true >= 0) & (true != predicted) & ~behind


def genre_centres(embeddings: Embeddings) -> dict[str, np.ndarray]:
    """The middle `(2,)` of each genre's cloud: the median of its songs, which stray ones do not pull away."""
    genre_of = np.array(genre_of_songs(embeddings))
    found = [genre for genre in shown_genres(embeddings) if (genre_of == genre).any()]
    return {genre: np.median(embeddings.positions[genre_of == genre], axis=0) for genre in found}


def figures_line(figures: dict[str, float]) -> str:
    """The figures of a projection in one line; not a number means that there are too few songs to compute it."""
    shown = {name: "too few songs" if math.isnan(value) else f"{value:.2f}" for name, value in figures.items()}
    return "   ".join(f"{name}: {value}" for name, value in shown.items())
