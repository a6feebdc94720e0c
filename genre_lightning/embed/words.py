"""Songs by words: those whose sound lies nearest to a text, in the space that CLAP's two halves share.

What CLAP hears of each song is written beside embeddings.npz when songs are embedded, since a model's own vectors may
hold nothing of it any more, and since neither the songs nor their cache need be there when they are asked for. Vectors
of several CLAPs stand side by side, each of length 1: the cosine of two of these is the mean of the CLAPs' cosines.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_lightning.command_line.quoting import override
from genre_lightning.config import is_of
from genre_lightning.embed.embeddings import UnreadableError, read_arrays
from genre_lightning.embed.neighbours import Answer, listed, read_songs, run_of
from genre_lightning.embed.search import Query
from genre_lightning.errors import UserError
from genre_lightning.files import write_whole
from genre_lightning.runs.run import Run, find_run

if TYPE_CHECKING:
    from genre_lightning.data.cache import CachedSong, FeatureCache
    from genre_lightning.features.base import Band, Features
    from genre_lightning.features.encoders.hub import Clap

HEARD = "clap.npz"


def claps_in(features: "Features") -> "list[tuple[Band, Clap]]":
    """The CLAPs among the encoders, and which of the features are theirs."""
    from genre_lightning.features.encoders.hub import Clap
    from genre_lightning.features.pretrained import Pretrained

    parts = features.parts() if isinstance(features, Pretrained) else []
    return [(band, encoder) for band, encoder in parts if isinstance(encoder, Clap)]


def write_heard(cache: "FeatureCache", songs: "Sequence[CachedSong]", folder: Path) -> None:
    """Write what each CLAP among the encoders hears of songs, the mean of each; what lay there before is gone.

    An array is called as its CLAP is named, so that no other encoder need be there when songs are asked for.
    """
    path, claps = folder / HEARD, claps_in(cache.features)
    if not claps:
        path.unlink(missing_ok=True)
        return
    means = cache.stats_of(np.array([song.number for song in songs]))[:, 0]
    names = np.array([encoder.name.text for _, encoder in claps])
    vectors = np.concatenate([unit(means[:, band.start : band.end]) for band, _ in claps], axis=1)
    digests = np.array([song.digest for song in songs])
    write_whole(path, lambda file: np.savez(file, digests=digests, names=names, vectors=vectors))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors `(..., width)` made of length 1; one without length stays without."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), np.finfo(np.float32).tiny)


def read_heard(folder: Path, digests: np.ndarray) -> "tuple[list[Clap], np.ndarray]":
    """The CLAPs of a run, and what they hear of the songs with these digests, side by side: `(songs, widths)`.

    Raises UserError if it was not written, or if one of the CLAPs cannot be had.
    """
    path = folder / HEARD
    arrays = read_arrays(path)
    names, vectors = (arrays.get(name, np.empty(0)) for name in ("names", "vectors"))
    claps = claps_called(names.tolist())
    is_of_them = vectors.ndim == 2 and vectors.shape[1] == sum(clap.n_features for clap in claps) > 0
    if not is_of_them or vectors.dtype != np.float32 or not np.isfinite(vectors).all():
        raise UnreadableError(f"{path} was not written by this program")
    if len(vectors) != len(digests) or not np.array_equal(arrays.get("digests", ()), digests):
        raise UnreadableError(f"{path} is of other songs")
    return claps, vectors


def claps_called(names: Any) -> "list[Clap]":
    """The CLAPs with these names, told apart; none if that is not what they are. Raises UserError."""
    from genre_lightning.features.pretrained import Pretrained

    try:
        return [clap for _, clap in claps_in(Pretrained(names))] if is_of(names, list[str]) else []
    except ValueError:
        return []


def songs_like(folder: Path, text: str, k: int, artists: bool, trust: bool) -> Answer:
    """The `k` songs, or `artists`, in the `folder` of a run or a sweep whose sound a text describes best.

    Raises UserError, also if the run does not hear with CLAP.
    """
    if not ((folder := find_run(folder)) / HEARD).is_file():
        raise why_not(folder, trust)
    folder, embeddings, told = read_songs(folder)
    claps, vectors = read_heard(folder, embeddings.digests)
    words = np.concatenate([clap.of_words(text).numpy() for clap in claps])
    query = Query(f"the words {text!r}, as read by {' and '.join(clap.called for clap in claps)}", words)
    return listed(replace(embeddings, vectors=vectors), query, told, k, artists)


def why_not(folder: Path, trust: bool) -> UserError:
    """What to raise if nobody has written what CLAP hears of the songs in a folder."""
    features = Run(run_of(folder), trust=trust).spec.features
    if claps_in(features):
        command = f"python embed.py {override('run', run_of(folder).as_posix())}"
        return UserError(f"there is no {folder / HEARD}; run {command}")
    heard = getattr(features, "encoders", [type(features).__name__])
    return UserError(
        f"--text: only CLAP knows words, and this run hears with {', '.join(heard)}; train one that does: "
        "python train.py model=pretrained 'features.encoders=[laion/larger_clap_music]'"
    )
