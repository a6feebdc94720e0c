"""Section 4 of the theory: MFCC step by step, what each coefficient says, and why a cosine transform."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from docs.figures.drawing import SAMPLE_RATE, draw_db, name_colours, panels
from docs.figures.spectrograms import FRAME, song
from genre_lightning.demo.habits import GENRES
from genre_lightning.demo.song import compose_song
from genre_lightning.features.mel import MFCC
from genre_lightning.plotting import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KEPT = (1, 2, 5, 13, 20)
SHAPES = 4  # of the cosines, that are drawn
SONGS_A_GENRE = 4  # over which bands and coefficients are correlated


@cache
def features() -> MFCC:
    """The features of conf/features/mfcc.yaml, all of whose coefficients are kept, and not 20."""
    return MFCC(n_mfcc=128)


@cache
def bands() -> npt.NDArray[np.float32]:
    """The song's mel bands in dB, `(frames, 128)`."""
    return features().log_mel(torch.tensor(song())).numpy()


@cache
def coefficients() -> npt.NDArray[np.float32]:
    """The song's MFCC, `(frames, 128)`."""
    return features()(torch.tensor(song())).numpy()


def drawn_back(kept: int) -> npt.NDArray[np.float32]:
    """The mel bands that the first coefficients alone still know of, `(frames, 128)` in dB."""
    return coefficients()[:, :kept] @ features().cosines.numpy()[:, :kept].T


def draw_steps() -> "Figure":
    """One frame of the song, from mel bands to coefficients."""
    figure, (power, decibels, cosines, kept) = panels(1, 4, width=10, height=2.5)
    frame = bands()[FRAME]
    power.plot(10 ** (frame / 10), color=COLOURS[0])
    power.set(title="1. power of mel bands", xlabel="band", ylabel="power")
    decibels.plot(frame, color=COLOURS[0])
    decibels.set(title="2. in dB: differences count", xlabel="band", ylabel="dB")
    for number, row in enumerate(features().cosines.numpy().T[:SHAPES]):
        cosines.plot(row, color=COLOURS[number], label=str(number))
    cosines.set(title="3. times each cosine", xlabel="band", ylabel="weight", ylim=(-0.14, 0.25))
    cosines.legend(loc="upper right", ncols=2)
    kept.bar(range(20), coefficients()[FRAME, :20], color=COLOURS[0])
    kept.set(title="4. sums: coefficients 0 to 19", xlabel="coefficient", xticks=range(0, 20, 5), ylabel="dB")
    return figure


def draw_back() -> "Figure":
    """A frame, and the whole song, as they are known from more and more coefficients."""
    figure, (lines, *others) = panels(2, 3, width=10, height=4.2)
    lines.plot(bands()[FRAME], color="0.6", label="all 128")
    for kept, colour in zip((1, 2, 13), COLOURS, strict=False):
        lines.plot(drawn_back(kept)[FRAME], color=colour, label=f"first {kept}")
    lines.set(title="one frame", xlabel="mel band", ylabel="dB", ylim=(-25, 38))
    lines.legend(loc="upper right", ncols=2)
    for panel, kept in zip(others, KEPT, strict=True):
        draw_db(panel, drawn_back(kept).T - bands().max(), (0, len(song()) / SAMPLE_RATE, -0.5, 127.5))
        panel.set(title=f"first {kept}" if kept > 1 else "coefficient 0 alone", ylabel="mel band")
    name_colours(others)
    return figure


@cache
def over_songs() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """20 mel bands, and the 20 MFCC of them, in the frames of composed songs, `(20, frames)` each."""
    few, heard = MFCC(n_mels=20, n_mfcc=20), []
    for genre in GENRES:
        for artist in range(SONGS_A_GENRE):
            heard.append(few.log_mel(torch.tensor(compose_song(0, genre, artist, 0, 5.0, 0.06))))
    frames = torch.cat(heard).double()
    return frames.numpy().T, (frames @ few.cosines.double()).numpy().T


def correlations() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """How bands, and how coefficients, of `over_songs` correlate with each other, `(20, 20)` each."""
    bands, coefficients = over_songs()
    return np.asarray(np.corrcoef(bands)), np.asarray(np.corrcoef(coefficients))


def held(rows: npt.NDArray[np.float64], most: int) -> float:
    """The share of the variance of rows `(numbers, frames)`, all together, that the `most` which vary most have."""
    variances = np.sort(rows.var(axis=1))[::-1]
    return float(variances[:most].sum() / variances.sum())


def neighbours(matrix: npt.NDArray[np.float64]) -> float:
    """The mean of |r| over pairs of rows that lie side by side."""
    return float(np.abs(np.diag(matrix, 1)).mean())


def mean_correlation(matrix: npt.NDArray[np.float64]) -> float:
    """The mean of |r| over pairs of different rows."""
    return float(np.abs(matrix[np.triu_indices(len(matrix), 1)]).mean())


def draw_correlations() -> "Figure":
    """Mel bands rise and fall together, coefficients less, and a few of these vary most."""
    figure, axes = panels(1, 2, width=7.5, height=3.4)
    names = {"20 mel bands": "band", "their 20 MFCC": "coefficient"}
    for panel, (name, each), rows, matrix in zip(axes, names.items(), over_songs(), correlations(), strict=True):
        panel.imshow(matrix, vmin=-1, vmax=1, cmap="RdBu_r")
        told = f"mean |r| {mean_correlation(matrix):.2f}, of neighbours {neighbours(matrix):.2f}"
        panel.set_title(f"{name}: five hold {100 * held(rows, 5):.0f} % of the variance\n{told}")
        panel.set(xlabel=each, ylabel=each, xticks=range(0, 20, 5), yticks=range(0, 20, 5))
    figure.colorbar(axes[0].images[0], ax=axes, label="correlation r")
    return figure


PICTURES = {"mfcc_steps": draw_steps, "mfcc_back": draw_back, "mfcc_correlations": draw_correlations}
SOUNDS = {}
