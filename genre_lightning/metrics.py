"""From the logits of windows to those of songs, and from songs to figures."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torchmetrics import Metric
from torchmetrics.functional import classification as metrics
from torchmetrics.utilities import dim_zero_cat

CALIBRATION_BINS = 15
TEMPERATURE_STD = 0.3  # with 1, the few songs of validation made the log-loss of other songs worse (docs/results.md)
FIGURES = ("loss", "accuracy", "f1_macro", "auroc_macro", "calibration_error")


class ScoredSongs(NamedTuple):
    """Songs and what a model makes of them.

    song: `(songs,)`, indices in the split; logits: `(songs, n_genres)`, the mean of each song's windows'; genre:
    `(songs,)`, the true index.
    """

    song: Tensor
    logits: Tensor
    genre: Tensor

    @property
    def probabilities(self) -> Tensor:
        """The softmax of the logits: `(songs, n_genres)`."""
        return self.logits.softmax(dim=1)


class SongScores(Metric):
    """Averages the logits of a song's windows, whichever batch or device had them."""

    full_state_update = False
    song: list[Tensor]
    logits: list[Tensor]
    genre: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        for name in ScoredSongs._fields:
            self.add_state(name, default=[], dist_reduce_fx="cat")

    def update(self, logits: Tensor, target: Tensor, song: Tensor) -> None:
        """Add windows: logits and target `(batch, n_genres)`, song `(batch,)`, negative for padding."""
        real = song >= 0
        self.song.append(song[real])
        self.logits.append(logits[real].float())
        self.genre.append(target[real].argmax(dim=1))

    def compute(self) -> ScoredSongs:
        """The songs in the order of their numbers, on the CPU."""
        windows, logits, genres = (dim_zero_cat(getattr(self, name)).cpu() for name in ScoredSongs._fields)
        songs, row = windows.unique(return_inverse=True)  # (songs,), (windows,)
        total = torch.zeros(len(songs), logits.shape[1]).index_add_(0, row, logits)  # (songs, n_genres)
        genre = torch.zeros(len(songs), dtype=torch.long).scatter_(0, row, genres)
        return ScoredSongs(songs, total / row.bincount()[:, None], genre)

    def scored(self) -> ScoredSongs:
        """What `compute` returns, also of a single song, of which torchmetrics makes scalars."""
        song, logits, genre = self.compute()
        return ScoredSongs(song.reshape(-1), logits, genre.reshape(-1))


def song_metrics(scored: ScoredSongs) -> dict[str, float]:
    """The FIGURES over songs.

    Macro figures are means over the genres that have songs here; AUROC is NaN if that is only one. The calibration
    error is the expected one, over CALIBRATION_BINS bins of confidence.
    """
    probabilities, genre, n_genres = scored.probabilities, scored.genre, scored.logits.shape[1]
    present = genre.unique()
    f1 = metrics.multiclass_f1_score(scored.logits.argmax(dim=1), genre, n_genres, average="none")[present]
    figures = (
        nn.functional.cross_entropy(scored.logits, genre),
        is_correct(scored).float().mean(),
        f1.mean(),
        auroc(probabilities, genre, present).mean(),
        calibration_error(probabilities.amax(dim=1), is_correct(scored)),
    )
    return {name: float(figure) for name, figure in zip(FIGURES, figures, strict=True)}


def auroc(probabilities: Tensor, genre: Tensor, present: Tensor) -> Tensor:
    """Of each of the genres `present`, how surely its songs are told from all others: `(present,)`."""
    if len(present) == 1:  # no others
        return torch.full((1,), torch.nan)
    return torch.stack([metrics.binary_auroc(probabilities[:, one], (genre == one).long()) for one in present])


def calibration_error(confidence: Tensor, correct: Tensor) -> Tensor:
    """The expected calibration error (Guo et al. 2017), over CALIBRATION_BINS bins of equal width.

    confidence: `(songs,)`, the probability of the predicted genre; correct: `(..., songs)`, whether it is the true one.
    Returns `(...)`.
    """
    return ((correct.double() - confidence.double()) @ in_bins(confidence)).abs().sum(dim=-1) / len(confidence)


def in_bins(confidence: Tensor) -> Tensor:
    """1 for the bin of each song's confidence, 0 for all others: `(songs,)` -> `(songs, CALIBRATION_BINS)`."""
    bins = (confidence * CALIBRATION_BINS).long().clamp(0, CALIBRATION_BINS - 1)
    return nn.functional.one_hot(bins, CALIBRATION_BINS).double()


def reliability(scored: ScoredSongs) -> tuple[Tensor, Tensor, Tensor]:
    """Of each bin of confidence that has songs: their mean confidence, the part that is right, and how many they are.

    Of these the calibration error is made: the mean distance of the first two, over songs.
    """
    confidence = scored.probabilities.amax(dim=1).double()
    bins = in_bins(confidence)
    counts = bins.sum(dim=0)
    held, correct = counts > 0, is_correct(scored).double()
    return (confidence @ bins / counts)[held], (correct @ bins / counts)[held], counts[held]


def calibrated_range(scored: ScoredSongs, samples: int, seed: int) -> tuple[float, float]:
    """The middle 95 % of the calibration errors that a perfectly calibrated model shows on as many songs.

    Its confidences are those of `scored`, and each of `samples` times its predictions are right with just these
    probabilities: few songs give an error above 0 by chance alone.
    """
    confidence = scored.probabilities.amax(dim=1)
    drawn = torch.rand(samples, len(confidence), generator=torch.Generator().manual_seed(seed))
    errors = calibration_error(confidence, drawn < confidence)
    low, high = torch.quantile(errors, torch.tensor([0.025, 0.975], dtype=errors.dtype))
    return float(low), float(high)


def fit_temperature(scored: ScoredSongs, groups: Sequence[int]) -> float:
    """The temperature by which to divide logits for the lowest log-loss over artists (Guo et al. 2017).

    `groups`, `(songs,)`, says which songs stand and fall together, as those of an artist do: each group weighs as much
    as one song. The temperature is the most probable one if its logarithm is normal beforehand, with mean 0 and
    standard deviation TEMPERATURE_STD. It lies between 0.01 and 100.
    """
    _, row, counts = torch.tensor(groups).unique(return_inverse=True, return_counts=True)
    weights, logits = 1 / counts[row].double(), scored.logits.double()
    middle, reach = 0.0, math.log(100)
    for _ in range(4):  # finer and finer from a wide grid, since there may be several minima: to 1e-5
        tried = torch.linspace(middle - reach, middle + reach, 101, dtype=torch.double)
        losses = [nn.functional.cross_entropy(logits / log.exp(), scored.genre, reduction="none") for log in tried]
        middle = float(tried[(torch.stack(losses) @ weights + (tried / TEMPERATURE_STD) ** 2 / 2).argmin()])
        reach /= 50
    return math.exp(middle)


def at_temperature(scored: ScoredSongs, temperature: float | Tensor) -> ScoredSongs:
    """The songs with their logits divided by the temperature, or each by its own, `(songs, 1)`: above 1 it makes them
    less sure, below 1 surer.
    """
    return scored._replace(logits=scored.logits / temperature)


def confusion(scored: ScoredSongs) -> Tensor:
    """Songs by true genre (row) and predicted genre (column): `(n_genres, n_genres)`."""
    return metrics.multiclass_confusion_matrix(scored.logits.argmax(dim=1), scored.genre, scored.logits.shape[1])


def is_correct(scored: ScoredSongs) -> Tensor:
    """Which songs were predicted correctly: bool `(songs,)`."""
    return scored.logits.argmax(dim=1) == scored.genre
