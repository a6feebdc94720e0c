"""model=linear: the mean of each feature over a song, and a head that is solved instead of trained."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from genre_lightning.data.windows import Batch
from genre_lightning.errors import UserError
from genre_lightning.metrics import SongScores
from genre_lightning.models.base import GenreClassifier, Standardise
from genre_lightning.models.blocks import Mean

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

# Of these cross-validation chooses; weaker regularisation than the last one was never the best on real songs.
STRENGTHS = (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0)
USUAL_STRENGTH = 0.03  # where songs are too few to choose by them, or their artists unknown
FOLDS = 5

Vectors = npt.NDArray[np.float64]  # `(songs, n_features)` where nothing else is said
Numbers = npt.NDArray[np.int64]  # `(songs,)`


class Linear(GenreClassifier):
    """Multinomial logistic regression on songs, solved when every window of an epoch has been seen.

    A song's logits are the mean of its windows' logits, which is what the head makes of the mean of its windows; on
    these means it is fitted. So the training windows have to be those of validation: `loader.windows_per_song=all`.
    There is no optimizer: of `learning`, only `class_weights` counts.

    Args:
        C: As in scikit-learn: smaller means stronger regularisation. None: chosen from STRENGTHS by the log-loss in
            cross-validation over the songs that are learnt from, with all songs of an artist in one fold.
    """

    def __init__(
        self, n_features: int, n_frames: int, n_genres: int, C: float | None = None, **learning: Any,  # noqa: N803
    ) -> None:  # fmt: skip
        super().__init__(n_genres, **learning)
        self.save_hyperparameters(logger=False)
        if C is not None and not C > 0:
            raise UserError(f"model.C must be above 0, or null, not {C}")
        self.C, self.class_weight = C, "balanced" if self.loss.weight is not None else None
        self.strength = nn.Buffer(torch.full((), torch.nan))  # the C that the head was solved with
        self.automatic_optimization = False
        self.encoder = nn.Sequential(Standardise(n_features), Mean())
        self.head = nn.Linear(n_features, n_genres)
        self.heard = SongScores()  # averages over the windows of a song, on all devices, whatever it is given

    def configure_optimizers(self) -> list[Any]:
        return []

    def facts(self) -> dict[str, str]:
        if self.strength.isnan():
            return {}  # it has not learnt yet
        chosen = f", chosen inside the songs it learnt from ({USUAL_STRENGTH:g} where they cannot tell)"
        return {"C": f"{float(self.strength):g}{chosen if self.C is None else ''}"}

    @torch.no_grad()
    def training_step(self, batch: Batch, batch_idx: int) -> None:
        self.heard.update(self.embed(batch.features), batch.target, batch.song)

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        """Solve the head behind the last batch, since validation comes before the end of an epoch."""
        if self.trainer.is_last_batch and not getattr(self.trainer, "fast_dev_run"):  # noqa: B009
            songs, vectors, genres = self.heard.compute()
            self.heard.reset()
            data = getattr(self.trainer, "datamodule")  # noqa: B009 (the Trainer declares no such attribute)
            self.solve(vectors, genres, np.array(data.artist_groups(*data.learnt_from))[songs.numpy()])

    @torch.no_grad()
    def solve(self, vectors: Tensor, genres: Tensor, groups: Numbers) -> None:
        """Fit the head to songs: their means `(songs, n_features)`, genres `(songs,)` and groups of artists `(songs,)`.

        Raises UserError if the songs are not of all genres.
        """
        songs, labels = vectors.double().numpy(), genres.numpy()
        if len(np.unique(labels)) < self.head.out_features:
            raise UserError(
                "model=linear needs songs of every genre in its epoch; leave trainer.limit_train_batches out"
            )
        C = choose_strength(songs, labels, groups, self.class_weight) if self.C is None else self.C  # noqa: N806
        weight, bias = linear_layer(fitted(songs, labels, C, self.class_weight))
        self.head.weight.copy_(weight)
        self.head.bias.copy_(bias)
        self.strength.fill_(C)
        logits, genres = self.head(vectors.to(self.device)), genres.to(self.device)
        self.trained.append((nn.functional.cross_entropy(logits, genres), logits.argmax(dim=1), genres))


def linear_layer(solution: "LogisticRegression") -> tuple[Tensor, Tensor]:
    """Weight `(n_genres, n_features)` and bias `(n_genres,)`; for two genres, scikit-learn has one row."""
    weight, bias = torch.from_numpy(solution.coef_).float(), torch.from_numpy(solution.intercept_).float()
    return (weight, bias) if len(bias) > 1 else (torch.cat([-weight, weight]) / 2, torch.cat([-bias, bias]) / 2)


def fitted(songs: Vectors, genres: Numbers, C: float, class_weight: str | None) -> "LogisticRegression":  # noqa: N803
    """Multinomial logistic regression with an L2 penalty, by L-BFGS.

    On one thread: for so few songs, threads of BLAS and of scikit-learn would wait for each other most of the time.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return LogisticRegression(C=C, class_weight=class_weight, max_iter=5000).fit(songs, genres)


def choose_strength(songs: Vectors, genres: Numbers, groups: Numbers, class_weight: str | None) -> float:
    """The least of STRENGTHS whose log-loss on songs of other artists is within a standard error of the least loss.

    That is the rule of Breiman et al. 1984, section 3.4.3. USUAL_STRENGTH if the songs cannot tell: song by song, an
    artist's sound would pass for a genre's.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    n_groups = len(np.unique(groups))
    folds = min(FOLDS, n_groups, int(np.bincount(genres).min()))
    if folds < 2 or n_groups == len(groups):  # no artist is known to have two songs
        return USUAL_STRENGTH
    losses = np.full((len(STRENGTHS), len(songs)), np.nan)
    for known, others in StratifiedGroupKFold(folds, shuffle=True, random_state=0).split(songs, genres, groups):
        if len(np.unique(genres[known])) == len(np.unique(genres)):  # not if all songs of a genre are in this fold
            for row, C in enumerate(STRENGTHS):  # noqa: N806
                solution = fitted(songs[known], genres[known], C, class_weight)
                losses[row, others] = song_losses(solution, songs[others], genres[others])
    losses = losses[:, np.isfinite(losses).all(axis=0)]
    if not losses.size:
        return USUAL_STRENGTH
    best = losses[losses.mean(axis=1).argmin()]
    within = losses.mean(axis=1) <= best.mean() + best.std() / math.sqrt(len(best))
    return STRENGTHS[int(within.argmax())]


def song_losses(solution: "LogisticRegression", songs: Vectors, genres: Numbers) -> Vectors:
    """The log-loss of each song, `(songs,)`; not from probabilities, which may be rounded to 0."""
    logits = nn.functional.linear(torch.from_numpy(songs).float(), *linear_layer(solution))
    return nn.functional.cross_entropy(logits, torch.from_numpy(genres), reduction="none").double().numpy()
