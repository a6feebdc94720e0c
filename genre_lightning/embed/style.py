"""How songs look on a map, in the picture as on the page: colours, shapes, fills and rings."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from genre_lightning.data.catalogue import Catalogue
from genre_lightning.embed.directions import Axes, directions
from genre_lightning.embed.embeddings import Embeddings, MappedSongs
from genre_lightning.plotting import COLOURS

SHAPES = ("circle", "square", "triangle", "diamond", "inverted_triangle", "hex")
RING_COLOUR = "#222222"
SQUEEZE = "The map squeezes {dimensions} dimensions into 2; the metrics and the nearest songs use all of them."


class Figure(NamedTuple):
    """A measured value, the songs that it was measured on, such as "40 test songs", and a sentence on what it means.

    The value is NaN if there are too few songs.
    """

    name: str
    value: float
    songs: str
    meaning: str


@dataclass(frozen=True, slots=True)
class MapView:
    """What the picture and the page show: songs, figures, a title, and `source`, the folder's name, to find it by.

    Songs of the run that lie in the background come last, with the split BACKGROUND.
    """

    embeddings: Embeddings
    figures: list[Figure]
    title: str
    source: str

    @property
    def axes(self) -> Axes:
        """What changes along the axes of the map, over all songs that are shown."""
        songs = self.embeddings
        return directions(songs.positions, songs.descriptors, [track.artist for track in songs.tracks])

    @property
    def squeeze(self) -> str:
        """How far the page's map can be trusted."""
        return SQUEEZE.format(dimensions=self.embeddings.vectors.shape[1])

    @property
    def sentence(self) -> str:
        """What stands under the picture of the map."""
        squeeze, axes = f"The map squeezes {self.embeddings.vectors.shape[1]} dimensions into 2", self.axes
        line = figures_line(self.figures)
        of_axes = f" Along the axes: rank correlations of {axes.songs} songs." if axes.x or axes.y else ""
        return (f"{squeeze}, and these figures use all of them: {line}." if line else f"{squeeze}.") + of_axes


class Mark(NamedTuple):
    """The colour and the shape of a genre's songs, one of SHAPES."""

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


def with_background(mapped: MappedSongs, own: MappedSongs | None) -> Embeddings:
    """The songs, and in the background those of the run's own songs that are not among them.

    Only songs that were placed on the run's present map have a background: other maps have other axes.
    """
    if own is None or mapped.song_map.base != own.song_map.fingerprint:
        return mapped.embeddings
    shown = set(mapped.song_map.digests.tolist())
    others = own.embeddings.only([row for row, one in enumerate(own.song_map.digests.tolist()) if one not in shown])
    tracks = [replace(track, split=BACKGROUND) for track in others.tracks]
    return mapped.embeddings.followed_by(replace(others, tracks=Catalogue(tracks)))


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
    """The centre `(2,)` of each genre's cloud: the song nearest to the median, since nothing may lie there itself."""
    genre_of, centres = np.array(genre_of_songs(embeddings)), {}
    for genre in shown_genres(embeddings):
        places = embeddings.positions[genre_of == genre]
        if len(places):
            distances = np.hypot(*(places - np.median(places, axis=0)).T)
            centres[genre] = places[distances.argmin()]
    return centres


def typicality(embeddings: Embeddings) -> np.ndarray:
    """How typical each song is of its genre, 0 to 1: `(songs,)`, the rank in its genre of its cosine similarity to the
    mean of the genre's vectors of length 1. The most typical one of each genre has 1; songs that are equal are ranked
    in their order.
    """
    lengths = np.linalg.norm(embeddings.vectors, axis=1, keepdims=True)
    vectors = embeddings.vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    genre_of, typical = np.array(genre_of_songs(embeddings)), np.ones(len(vectors))
    for genre in set(genre_of.tolist()):
        rows = np.flatnonzero(genre_of == genre)
        similarities = vectors[rows] @ vectors[rows].mean(axis=0)
        typical[rows[np.argsort(-similarities, kind="stable")]] = np.linspace(1, 0, len(rows))
    return typical


def figures_line(figures: Sequence[Figure]) -> str:
    """Figures in one line, those of the same songs together: "silhouette by genre 0.31, ... (40 test songs)"."""
    of_songs = defaultdict(list)
    for figure in figures:
        value = "unknown for want of songs" if math.isnan(figure.value) else f"{figure.value:.2f}"
        of_songs[figure.songs].append(f"{figure.name} {value}")
    return "; ".join(f"{', '.join(named)} ({songs})" for songs, named in of_songs.items())
