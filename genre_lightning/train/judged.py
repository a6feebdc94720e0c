"""Songs that a model has judged, with intervals whose unit is the artist."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from genre_lightning.data.catalogue import Catalogue, linked
from genre_lightning.intervals import accuracy_interval, difference_interval, macro_f1_interval, paired_interval
from genre_lightning.metrics import ScoredSongs, is_correct
from genre_lightning.runs.results import Difference, Interval


@dataclass(frozen=True)
class Judged:
    """Songs that a model has judged, and which of them belong together: `groups` `(songs,)`, equal where artists link
    them. All intervals are 95 % ones over these groups, None for too few of them.
    """

    scored: ScoredSongs
    groups: np.ndarray

    @property
    def correct(self) -> np.ndarray:
        """Which songs are judged rightly: bool `(songs,)`."""
        return is_correct(self.scored).numpy()

    @property
    def accuracy_interval(self) -> Interval | None:
        """That of the accuracy."""
        return accuracy_interval(self.correct, self.groups)

    @property
    def f1_macro_interval(self) -> Interval | None:
        """That of the macro F1."""
        genres, logits = self.scored.genre.numpy(), self.scored.logits
        return macro_f1_interval(genres, logits.argmax(dim=1).numpy(), self.groups, logits.shape[1])

    def less(self, others: "Judged") -> Difference:
        """The accuracy less that on other songs."""
        span = difference_interval(self.correct, self.groups, others.correct, others.groups)
        return Difference(float(self.correct.mean() - others.correct.mean()), span)

    def less_paired(self, theirs: "Judged") -> Difference:
        """The accuracy less that of another model on the same songs."""
        span = paired_interval(self.correct, theirs.correct, self.groups)
        return Difference(float(self.correct.mean() - theirs.correct.mean()), span)


def judge(scored: ScoredSongs, catalogue: Catalogue, splits: Sequence[str]) -> Judged:
    """The scored songs of some splits, and their groups."""
    groups = linked(track.links for track in catalogue)
    of_splits = [
        group for split in splits for group, track in zip(groups, catalogue, strict=True) if track.split == split
    ]
    return Judged(scored, np.array(of_splits)[scored.song.numpy()])
