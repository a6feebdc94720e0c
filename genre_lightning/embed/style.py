"""How songs look on a map, in the picture as on the page: colours, shapes, fills and rings."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from genre_lightning.embed.embeddings import Embeddings
from genre_lightning.plotting import COLOURS

SHAPES = ("circle", "square", "triangle", "diamond", "inverted_triangle", "hex")
RING_COLOUR = "#222222"
SQUEEZE = "The map squeezes {dimensions} dimensions into 2; the metrics and the nearest songs use all of them."


@dataclass(frozen=True, slots=True)
class MapView:
    """What the picture and the page show: songs, metrics by names such as "silhouette, 40 test songs", and a title.

    Songs of the run that lie in the background come last, with the split BACKGROUND.
    """

    embeddings: Embeddings
    figures: dict[str, float]
    title: str

    @property
    def captions(self) -> tuple[str, str]:
        """What stands under the map: the metrics, and how far it can be trusted."""
        return figures_line(self.figures), SQUEEZE.format(dimensions=self.embeddings.vectors.shape[1])


class Mark(NamedTuple):
    """The colour and the shape of a genre's songs; Bokeh's names of the shapes."""

    colour: str
    shape: str


class Fill(NamedTuple):
    """What some marks mean, and how opaque they are inside and at their edge, 0 to 1; layer 0 is the background."""

    label: str
    inside: float
    edge: float
    layer: int = 1


# The split of a run's own songs that lie in the background of a map of other songs.
BACKGROUND = "background"
# Songs that the model learnt from are pale, all others are full.
FILLS = {
    BACKGROUND: Fill("song of the run", 0.18, 0.0, layer=0),
    "train": Fill("train", 0.32, 0.0),
    "val": Fill("validation", 0.32, 1.0),
    "test": Fill("test", 1.0, 0.0),
    "": Fill("new to the model", 1.0, 0.0),
}
# Songs of unknown genre are hollow, in the colour of the predicted one.
GUESSED = Fill("unknown genre, colour as predicted", 0.0, 1.0)
# Around songs whose predicted genre is wrong
RING = Fill("wrongly classified", 0.0, 1.0)


def shown_genres(embeddings: Embeddings) -> list[str]:
    """The genres that have marks: the model's in its order, then those that it does not know."""
    others = set(embeddings.tracks.genres) - {*embeddings.genres, ""}
    return [*embeddings.genres, *sorted(others)]


def marks(genres: Sequence[str]) -> dict[str, Mark]:
    """A colour and a shape for each genre; they repeat after 48 genres."""
    return {
        genre: Mark(COLOURS[index % len(COLOURS)], SHAPES[index // len(COLOURS) % len(SHAPES)])
        for index, genre in enumerate(genres)
    }


def genre_of_songs(embeddings: Embeddings) -> list[str]:
    """The genre whose mark each song has: its own, or the predicted one if its own is unknown."""
    return [track.genre or guess for track, guess in zip(embeddings.tracks, embeddings.predicted, strict=True)]


def fill_of_songs(embeddings: Embeddings) -> list[Fill]:
    """The fill that each song's mark has."""
    return [FILLS[track.split] if track.genre else GUESSED for track in embeddings.tracks]


def wrongly_classified(embeddings: Embeddings) -> np.ndarray:
    """Whether each song's predicted genre is wrong: `(songs,)`; false for genres that the model does not know, and for
    songs in the background.
    """
    known, songs = set(embeddings.genres), zip(embeddings.tracks, embeddings.predicted, strict=True)
    wrong = [track.genre in known - {guess} and track.split != BACKGROUND for track, guess in songs]
    return np.array(wrong, bool)


def genre_centres(embeddings: Embeddings) -> dict[str, np.ndarray]:
    """The centre `(2,)` of each genre's cloud: the median of its songs, which a few stray ones do not move."""
    genre_of = np.array(genre_of_songs(embeddings))
    found = [genre for genre in shown_genres(embeddings) if (genre_of == genre).any()]
    return {genre: np.median(embeddings.positions[genre_of == genre], axis=0) for genre in found}


def figures_line(figures: dict[str, float]) -> str:
    """Metrics in one line; NaN if there are too few songs to compute one."""
    shown = {name: "too few songs" if math.isnan(value) else f"{value:.2f}" for name, value in figures.items()}
    return "   ".join(f"{name}: {value}" for name, value in shown.items())
