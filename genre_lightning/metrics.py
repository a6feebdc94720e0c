"""From the probabilities of windows to those of songs, and from songs to figures."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torchmetrics import Metric
from torchmetrics.functional import classification as metrics
from torchmetrics.utilities import dim_zero_cat

CALIBRATION_BINS = 15
FIGURES = ("loss", "accuracy", "f1_macro", "auroc_macro", "calibration_error")


class ScoredSongs(NamedTuple):
    """song: `(songs,)`, indices in the split; probabilities: `(songs, n_genres)`; genre: `(songs,)`, the true index."""

    song: Tensor
    probabilities: Tensor
    genre: Tensor


class SongScores(Metric):
    """Averages the probabilities of a song's windows, whichever batch or device had them."""

    full_state_update = False
    song: list[Tensor]
    probabilities: list[Tensor]
    genre: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        for name in ScoredSongs._fields:
            self.add_state(name, default=[], dist_reduce_fx="cat")

    def update(self, probabilities: Tensor, target: Tensor, song: Tensor) -> None:
        """Add windows: probabilities and target `(batch, n_genres)`, song `(batch,)`, negative for padding."""
        real = song >= 0
        self.song.append(song[real])
        self.probabilities.append(probabilities[real].float())
        self.genre.append(target[real].argmax(dim=1))

    def compute(self) -> ScoredSongs:
        """The songs in the order of their numbers, on the CPU."""
        windows, probabilities, genres = (dim_zero_cat(getattr(self, name)).cpu() for name in ScoredSongs._fields)
        songs, row = windows.unique(return_inverse=True)  # (songs,), (windows,)
        total = torch.zeros(len(songs), probabilities.shape[1]).index_add_(0, row, probabilities)  # (songs, n_genres)
        genre = torch.zeros(len(songs), dtype=torch.long).scatter_(0, row, genres)
        return ScoredSongs(songs, total / row.bincount()[:, None], genre)


def song_metrics(scored: ScoredSongs) -> dict[str, float]:
    """The FIGURES over songs; the calibration error is the expected one, over CALIBRATION_BINS bins of confidence."""
    probabilities, genre, n_genres = scored.probabilities, scored.genre, scored.probabilities.shape[1]
    floor = torch.finfo(probabilities.dtype).tiny
    figures = (
        nn.functional.nll_loss(probabilities.clamp(min=floor).log(), genre),
        metrics.multiclass_accuracy(probabilities, genre, n_genres, average="micro"),
        metrics.multiclass_f1_score(probabilities, genre, n_genres, average="macro"),
        metrics.multiclass_auroc(probabilities, genre, n_genres, average="macro"),
        metrics.multiclass_calibration_error(probabilities, genre, n_genres, CALIBRATION_BINS),
    )
    return {name: float(figure) for name, figure in zip(FIGURES, figures, strict=True)}


def confusion(scored: ScoredSongs) -> Tensor:
    """Songs by true genre (row) and predicted genre (column): `(n_genres, n_genres)`."""
    return metrics.multiclass_confusion_matrix(scored.probabilities, scored.genre, scored.probabilities.shape[1])


def is_correct(scored: ScoredSongs) -> Tensor:
    """Which songs were predicted correctly: bool `(songs,)`."""
    return scored.probabilities.argmax(dim=1) == scored.genre


def bootstrap_accuracy(scored: ScoredSongs, samples: int, seed: int) -> Tensor:
    """The accuracies of `samples` sets of songs drawn with replacement from these: `(samples,)`.

    Their 2.5 and 97.5 % quantiles bound a 95 % interval (Efron 1979, the percentile method).
    """
    correct = is_correct(scored).double()
    right = torch.distributions.Binomial(len(correct), correct.mean())  # what drawing 0s and 1s amounts to
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return right.sample((samples,)) / len(correct)


def interval(samples: Tensor) -> tuple[float, float]:
    """The middle 95 % of `samples`."""
    low, high = torch.quantile(samples, torch.tensor([0.025, 0.975], dtype=samples.dtype))
    return float(low), float(high)
