"""The songs of a folder that may be labelled next, as a run's network hears them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genre_lightning.data.catalogue import CHECKED, DROP, Catalogue, Track, genre_name
from genre_lightning.data.selection import find_copies
from genre_lightning.data.tags import with_tags
from genre_lightning.data.walk import is_text
from genre_lightning.embed.artists import song_name
from genre_lightning.embed.nearest import nearest
from genre_lightning.labels.acquisition import informative, margins
from genre_lightning.labels.listed import label_of
from genre_lightning.predict.cli import find_songs

if TYPE_CHECKING:
    from genre_lightning.embed.embedder import SongMeans
    from genre_lightning.runs.run import Run

NEAREST = 3
ORDER_SEED = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """Songs, what the network makes of them, and which of the run's songs each is like, the most first."""

    tracks: Sequence[Track]
    genres: list[str]
    means: SongMeans
    like: Sequence[Sequence[str]]

    @property
    def suggestions(self) -> list[str]:
        """The most probable genre of each song."""
        return [self.genres[int(index)] for index in self.means.probabilities.argmax(axis=1)]

    @property
    def confidence(self) -> np.ndarray:
        """The probability of that genre: `(songs,)`."""
        return self.means.probabilities.max(axis=1)

    @property
    def margin(self) -> np.ndarray:
        """By how much it is above that of the next genre: `(songs,)`."""
        return margins(self.means.probabilities)

    def only(self, rows: Sequence[int] | np.ndarray) -> Heard:
        """Some of the songs, in the order of `rows`."""
        means = self.means._make(column[np.array(rows, int)] for column in self.means)
        return Heard([self.tracks[row] for row in rows], self.genres, means, [self.like[row] for row in rows])

    def lines(self, is_automatic: bool) -> Iterator[Track]:
        """The songs as the file lists them: without a genre, since no person has said one."""
        columns = self.tracks, self.suggestions, self.confidence, self.margin, self.like
        for track, suggestion, confidence, margin, like in zip(*columns, strict=True):
            said = {"suggestion": suggestion, "confidence": f"{confidence:.4f}", "margin": f"{margin:.4f}"}
            added = {CHECKED: "", **said, "nearest": "; ".join(like), "automatic": "1" if is_automatic else ""}
            yield replace(track, extra=track.extra | added)


@dataclass(frozen=True, slots=True)
class Suggestions:
    """The songs of a folder that have no label, in three parts, and what is known of the others.

    Attributes:
        batch: To be labelled by hand, the most telling first; empty if no song can be asked about.
        sure: Those whose suggestion may be taken for a label, in random order: the first ones are a fair sample.
        unsure: All others, the least sure first.
        labelled: Songs with a label that the run does not know.
        rest: All other songs that are listed, and those of the run.
        not_asked: Why some of them are not asked about, and how many.
        broken: The files that cannot be read, and why.
    """

    batch: Heard
    sure: Heard
    unsure: Heard
    labelled: Heard
    rest: Sequence[Track]
    not_asked: Mapping[str, int]
    broken: Mapping[Path, str]

    @property
    def lines(self) -> Iterator[Track]:
        """The lines of the file."""
        yield from self.batch.lines(is_automatic=False)
        yield from self.sure.lines(is_automatic=True)
        yield from self.unsure.lines(is_automatic=False)
        yield from self.labelled.tracks
        yield from self.rest


def suggestions(run: Run, folder: Path, n: int, confidence: float | None, listed: Mapping[Path, Track]) -> Suggestions:
    """Hear the songs of a folder that the run does not know, and divide those without a label. Raises UserError."""
    own, found = {track.path.resolve(): track for track in run.catalogue}, songs_in(folder, run.spec.genres)
    unknown = [track for place, track in {**found, **listed}.items() if place not in own and track.path.is_file()]
    named = [track for track in unknown if is_text(track.path)]
    asked = [track for track in named if track.checked != DROP]
    broken = run.cache.build([track.path for track in asked])
    heard = hear(run, without_copies(run, [track for track in asked if track.path not in broken]))
    is_labelled = np.array([bool(label_of(track)) for track in heard.tracks], bool)
    not_asked = {
        "that the run knows": len(found.keys() & own.keys()),
        "with labels": int(is_labelled.sum()),
        "to be dropped": len(named) - len(asked),
        "with names that are no UTF-8, which no table can hold": len(unknown) - len(named),
        "that are copies of others": len(asked) - len(broken) - len(heard.tracks),
        "that cannot be read": len(broken),
    }
    new, labelled = (heard.only(np.flatnonzero(chosen)) for chosen in (~is_labelled, is_labelled))
    return Suggestions(*divided(new, n, confidence), labelled, others(own, listed, heard.tracks), not_asked, broken)


def songs_in(folder: Path, genres: Sequence[str]) -> dict[Path, Track]:
    """The songs below a folder by where they lie. Those in a folder with the name of a genre have that genre."""
    named = {song: genre_name(song.relative_to(folder).parts[0]) for song in find_songs([folder])}
    return {song.resolve(): Track(song, genre if genre in genres else "") for song, genre in named.items()}


def others(own: Mapping[Path, Track], listed: Mapping[Path, Track], heard: Sequence[Track]) -> list[Track]:
    """The songs that are listed but were not heard, and those of the run.

    What the run was told of its songs is newer than the list, unless somebody has heard them there.
    """
    paths = {track.path for track in heard}
    rest = [track for place, track in listed.items() if place not in own and track.path not in paths]
    as_listed = [(listed.get(place, track), track) for place, track in own.items()]
    return [*rest, *(song if song.checked else replace(song, genre=track.genre) for song, track in as_listed)]


def without_copies(run: Run, tracks: Sequence[Track]) -> list[Track]:
    """Those of some songs in the run's cache that are no other recording again, of the run or of one before."""
    own = [track for track in run.catalogue if run.cache.find(track.path)]
    copies = {skipped.track.path for skipped in find_copies(Catalogue([*own, *tracks]), run.cache)}
    return [track for track in tracks if track.path not in copies]


def hear(run: Run, tracks: Sequence[Track]) -> Heard:
    """What the run's network makes of songs in its cache, and which of its own songs there they are like."""
    from genre_lightning.embed.embedder import embed_songs, predicting_trainer

    own = [track for track in run.catalogue if run.cache.find(track.path)]
    cached = [song for track in (*tracks, *own) if (song := run.cache.find(track.path))]
    means = embed_songs(run, cached, predicting_trainer(accelerator="auto", devices=1))
    n, named = len(tracks), [f"{song_name(track)} ({track.genre})" for track in own]
    rows = nearest(means.vectors[n:], NEAREST, means.vectors[:n]).rows if own and n else [[]] * n
    like = [[named[row] for row in near] for near in rows]
    heard = with_tags(Catalogue(tracks), run.cache.root)
    return Heard([*heard], run.spec.genres, means._make(column[:n] for column in means), like)


def divided(songs: Heard, n: int, confidence: float | None) -> tuple[Heard, Heard, Heard]:
    """Songs to be labelled by hand, those that are sure enough, and all others."""
    batch = informative(songs.means.probabilities, songs.means.vectors, n)
    others = np.setdiff1d(np.arange(len(songs.tracks)), batch)
    is_sure = songs.confidence[others] >= (np.inf if confidence is None else confidence)
    unsure = others[~is_sure]
    sure = np.random.default_rng(ORDER_SEED).permutation(others[is_sure])
    return songs.only(batch), songs.only(sure), songs.only(unsure[np.argsort(songs.margin[unsure], kind="stable")])
