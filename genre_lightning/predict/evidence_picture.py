"""What speaks for a genre as pictures: of one song above its spectrogram, and of the test songs of genres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from genre_lightning.data.extraction import Extracted
from genre_lightning.data.loudness import heard_seconds
from genre_lightning.features.base import Features
from genre_lightning.features.picture import comparable
from genre_lightning.plotting import COLOURS
from genre_lightning.predict.evidence import Evidence, Part
from genre_lightning.predict.timeline import time_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

SHOWN_TAGS = 8
SCALE = "log-odds"


def song_picture(
    song: Extracted, evidence: Evidence, features: Features, title: str, tags: Mapping[str, Mapping[str, float]]
) -> Figure:
    """What in a song speaks for a genre, above its spectrogram; of frozen encoders, above their own tags.

    `tags` has the probabilities of each encoder's tags, by its name.
    """
    from matplotlib.figure import Figure

    figure = Figure((10, 6), layout="constrained")
    upper, lower = figure.subfigures(2, 1, squeeze=False)[:, 0]
    axes = upper.add_subplot()
    axes.set_title(title, fontsize="medium", parse_math=False)  # names of songs hold dollar signs
    draw_evidence(upper, axes, evidence, features)
    time_axis(axes, song.seconds)
    if features.is_image:
        draw_spectrogram(lower, song, features)
    elif tags:
        for panel, (name, known) in zip(np.ravel(lower.subplots(1, len(tags))), tags.items(), strict=True):
            draw_tags(panel, name, known)
    return figure


def draw_evidence(figure: SubFigure, axes: Axes, evidence: Evidence, features: Features) -> None:
    """A rectangle for each stretch of time of each band; rows that are no picture are named."""
    bands = features.bands()
    values = np.array([part.evidence for part in evidence.places]).reshape(-1, len(bands))  # (stretches, bands)
    most = float(np.abs(values).max()) or 1.0
    rows = [0, *(band.end for band in bands)] if features.is_image else range(len(bands) + 1)
    shown = axes.pcolormesh(evidence.edges, rows, values.T, cmap="RdBu_r", vmin=-most, vmax=most)
    if features.is_image:
        name_features(axes, features)
    else:
        axes.set_yticks([row + 0.5 for row in range(len(bands))], [band.name for band in bands])
    figure.colorbar(shown, ax=axes, label=SCALE)


def name_features(axes: Axes, features: Features) -> None:
    """Name places on the y axis, on which a feature is as high as 1."""
    label, named = features.ticks()
    axes.set_yticks([place + 0.5 for place in named], [*named.values()], fontsize=7)
    axes.set_ylabel(label)


def draw_spectrogram(figure: SubFigure, song: Extracted, features: Features) -> None:
    """The song's features over its whole time, with gaps where it is silent."""
    count, n_features = features.frames_in(song.seconds), song.frames.shape[1]
    seconds = (np.arange(count) + 0.5) * song.seconds / count
    frames = (heard_seconds(seconds.tolist(), song.silences) * features.frames_per_second).astype(int)
    (columns,), unit = comparable([song.frames[frames.clip(0, len(song.frames) - 1)].astype(np.float32)], features)
    for start, end in song.silences:
        columns[(start <= seconds) & (seconds < end)] = np.nan
    axes = figure.add_subplot()
    place = (0, song.seconds, 0, n_features)
    shown = axes.imshow(columns.T, origin="lower", aspect="auto", cmap="magma", extent=place)
    name_features(axes, features)
    time_axis(axes, song.seconds)
    figure.colorbar(shown, ax=axes, label=unit)


def draw_tags(axes: Axes, name: str, tags: Mapping[str, float]) -> None:
    """The most probable of an encoder's own tags as bars."""
    known = dict(sorted(tags.items(), key=lambda tag: -tag[1])[:SHOWN_TAGS])
    axes.barh(range(len(known)), [*known.values()], color=COLOURS[0])
    axes.set_yticks(range(len(known)), [*known], fontsize="small")
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xlabel="probability", title=f"{name}'s own tags")


def genres_picture(genres: Mapping[str, Sequence[Sequence[Part]]]) -> Figure:
    """What each band says of genres: a panel a genre, a dot a song, a bar their mean.

    `genres` has for each the bands of each of its songs.
    """
    from matplotlib.figure import Figure

    bands = [part.name for part in next(iter(genres.values()))[0]]
    figure = Figure((2 + 2.2 * len(genres), 1.5 + 0.3 * len(bands)), layout="constrained")
    panels = figure.subplots(1, len(genres), sharey=True, sharex=True, squeeze=False)[0]
    for axes, (genre, songs) in zip(panels, genres.items(), strict=True):
        values = np.array([[part.evidence for part in song] for song in songs])  # (songs, bands)
        axes.barh(range(len(bands)), values.mean(axis=0), color=COLOURS[0], alpha=0.6)
        for song in values:
            axes.plot(song, range(len(bands)), ".", color="black", markersize=3, alpha=0.5)
        axes.axvline(0, color="0.6", linewidth=1)
        axes.set_title(f"{genre} ({len(songs)} songs)", fontsize="medium", parse_math=False)
        axes.set_xlabel(SCALE)
    panels[0].set_yticks(range(len(bands)), bands)
    return figure
