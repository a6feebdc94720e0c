"""Songs by words: those whose sound lies nearest to a text, in the space that CLAP's two halves share.

What CLAP hears of each song is written beside embeddings.npz when songs are embedded, since a model's own vectors may
hold nothing of it any more, and since neither the songs nor their cache need be there when they are asked for.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genre_lightning.embed.embeddings import UnreadableError, read_arrays
from genre_lightning.embed.neighbours import Answer, listed, read_songs, run_of
from genre_lightning.embed.search import Query
from genre_lightning.errors import UserError
from genre_lightning.files import write_whole
from genre_lightning.runs.run import Run

if TYPE_CHECKING:
    from genre_lightning.data.cache import CachedSong, FeatureCache
    from genre_lightning.features.base import Band, Features
    from genre_lightning.features.encoders.hub import Clap

HEARD = "clap.npz"


def clap_in(features: "Features") -> "tuple[Band, Clap] | None":
    """The first CLAP among the encoders, and which of the features are its; None if there is none."""
    from genre_lightning.features.encoders.hub import Clap
    from genre_lightning.features.pretrained import Pretrained

    parts = features.parts() if isinstance(features, Pretrained) else []
    return next(((band, encoder) for band, encoder in parts if isinstance(encoder, Clap)), None)


def write_heard(cache: "FeatureCache", songs: "Sequence[CachedSong]", folder: Path) -> None:
    """Write what CLAP hears of songs, the mean of each, if it is among the encoders; what lay there before is gone."""
    path, clap = folder / HEARD, clap_in(cache.features)
    if clap is None:
        path.unlink(missing_ok=True)
        return
    means = cache.stats_of(np.array([song.number for song in songs]))[:, 0, clap[0].start : clap[0].end]
    digests = np.array([song.digest for song in songs])
    write_whole(path, lambda file: np.savez(file, digests=digests, vectors=means))


def read_heard(folder: Path, digests: np.ndarray, width: int) -> np.ndarray:
    """What CLAP hears of the songs with these digests, `(songs, width)`. Raises UserError if it was not written."""
    path = folder / HEARD
    if not path.is_file():
        raise UserError(f"there is no {path}; run embed.py again")
    arrays = read_arrays(path)
    vectors = arrays.get("vectors", np.empty(0))
    if vectors.dtype != np.float32 or vectors.shape != (len(digests), width) or not np.isfinite(vectors).all():
        raise UnreadableError(f"{path} was not written by this program")
    if not np.array_equal(arrays.get("digests", ()), digests):
        raise UnreadableError(f"{path} is of other songs")
    return vectors


def songs_like(folder: Path, text: str, k: int, artists: bool, trust: bool) -> Answer:
    """The `k` songs, or `artists`, in the `folder` of a run or a sweep whose sound a text describes best.

    Raises UserError, also if the run does not hear with CLAP.
    """
    folder, embeddings, told = read_songs(folder)
    features = Run(run_of(folder), trust=trust).spec.features
    if (clap := clap_in(features)) is None:
        heard = getattr(features, "encoders", [type(features).__name__])
        raise UserError(
            f"--text: only CLAP knows words, and this run hears with {', '.join(heard)}; train one that does: "
            "python train.py model=pretrained 'features.encoders=[laion/larger_clap_music]'"
        )
    _, encoder = clap
    vectors = read_heard(folder, embeddings.digests, encoder.n_features)
    query = Query(f"the words {text!r}, as {encoder.called} reads them", encoder.of_words(text).numpy())
    return listed(replace(embeddings, vectors=vectors), query, told, k, artists)
