"""Which songs of a folder to label next: genre-lightning suggest"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genre_lightning.data.catalogue import CHECKED, MANIFEST, Catalogue, Track, linked, path_beside, write_manifest
from genre_lightning.errors import UserError
from genre_lightning.labels.candidates import Suggestions, suggestions
from genre_lightning.labels.listed import label_of, listed_anew, listed_songs
from genre_lightning.labels.page.document import PAGE, write_page
from genre_lightning.runs.precision import WANTED, Automatic, Judged, automatic, precision
from genre_lightning.text import harmless, percent, printable, table

if TYPE_CHECKING:
    from genre_lightning.runs.run import Run

SUGGESTIONS = "suggest.csv"


def suggest(run: Run, folder: Path, n: int, confidence: float | None = None, output: Path | None = None) -> int:
    """Print which songs of a folder to label next, and write all songs down; returns the exit status.

    Args:
        run: The run whose network suggests.
        folder: Searched for songs. Those that the run knows are left out, and those that have a genre in the folder's
            manifest.csv or in the file that is to be written.
        n: How many songs to label by hand.
        confidence: From which one on suggestions may be taken for labels, 0 to 1; None: as `automatic` chooses.
        output: The file to write, a manifest for the folder; None: suggest.csv in it. The page to fill it in is
            written beside it.

    Raises:
        UserError: There are no songs without a label, none can be read, or the run lacks something.
    """
    if not folder.is_dir():
        raise UserError(f"there is no folder {printable(folder)}; name one with songs that have no genre yet")
    path = folder / SUGGESTIONS if output is None else output
    if not path.parent.is_dir():
        raise UserError(f"there is no folder {printable(path.parent)}; make it, or name another --output")
    chosen = automatic(run.folder, confidence, by_artist=run.config.split.method != "naive")
    made = suggestions(run, folder, n, chosen.confidence, listed_songs((folder / MANIFEST, path), folder))
    if not made.batch.tracks:
        raise UserError(nothing_to_label(made, folder))
    write([*map(listed_anew, made.lines)], made.batch.tracks, path, folder)
    for file, reason in made.broken.items():
        print(f"error: {printable(file)} {reason}", file=sys.stderr)
    print(harmless(describe(made, chosen, folder, path)))
    return 1 if made.broken else 0


def write(lines: Sequence[Track], batch: Sequence[Track], path: Path, folder: Path) -> None:
    """Write a manifest for a folder, and the page to fill it in, with excerpts of the batch. Raises UserError."""
    try:
        write_manifest(Catalogue(lines), path, folder)
        write_page(path, folder, Catalogue(batch), f"{folder.resolve().name}: which genre?")
    except OSError as error:
        raise UserError(f"cannot write {printable(path)}: {error.strerror or error}; name another --output") from None


def describe(made: Suggestions, chosen: Automatic, folder: Path, path: Path) -> str:
    """The songs to be labelled by hand, how good suggestions are, and what to do."""
    songs, rows = made.batch, []
    columns = songs.tracks, songs.suggestions, songs.confidence, songs.like
    for track, suggestion, confidence, like in zip(*columns, strict=True):
        name = path_beside(track.path, folder)
        rows.append((printable(name), suggestion, percent(confidence), printable("".join(like[:1]))))
    asked = table(("song to label", "suggestion", "confidence", "most like"), rows)
    left_out = f"Not asked about: {told_counts(made.not_asked)}."
    if not any(songs.like):
        left_out += " What songs are like is not known: the features of the run's own songs are gone."
    todo = (
        f"{printable(path)} has these songs first, to fill in {CHECKED}: a genre, or drop; "
        f"{printable(path.with_suffix(PAGE).name)} beside it is to listen and click. Save either as {MANIFEST} in "
        f"{printable(folder)}, and train again with data=folder and this folder as data.root."
    )
    return "\n\n".join(filter(None, (asked, left_out, told_automatic(made, chosen), told_checked(made, chosen), todo)))


def nothing_to_label(made: Suggestions, folder: Path) -> str:
    """Why there is no song to ask about."""
    told = f"there is nothing to label in {printable(folder)}: it has {told_counts(made.not_asked)}"
    first = next(iter(made.broken.items()), None)
    return told if first is None else f"{told}; the first of these is {printable(first[0])}, which {first[1]}"


def told_counts(songs: Mapping[str, int]) -> str:
    """How many songs there are of each kind, as words."""
    told = [f"{count} {'song' if count == 1 else 'songs'} {kind}" for kind, count in songs.items() if count]
    return ", ".join(told) or "no other song"


def told_automatic(made: Suggestions, chosen: Automatic) -> str:
    """How many suggestions are sure enough to be taken for labels, and how many of such are right."""
    if chosen.confidence is None or chosen.precision is None:
        more = "" if chosen.cross_validated else "; a run with folds=5 judges every song, and may"
        return f"No suggestion may be taken for a label: nowhere has this run shown {percent(WANTED)} right{more}."
    told = (
        f"Suggestions with a confidence of {chosen.confidence:.4f} or more: {len(made.sure.tracks)} (automatic=1). The "
        f"part that is right {chosen.precision}. Other kinds of music have less."
    )
    too_few = chosen.precision.right < WANTED  # not if none was so sure, and nothing is known
    return f"{told} That is below {percent(WANTED)}: do not take them for labels unheard." if too_few else told


def told_checked(made: Suggestions, chosen: Automatic) -> str:
    """How many suggestions agree with the labels that people gave to songs which the run does not know."""
    songs = made.labelled
    if not songs.tracks:
        return ""
    right = np.array([label_of(track) for track in songs.tracks]) == np.array(songs.suggestions)
    told = f"Of {len(right)} songs with labels that the run does not know, the suggestion is right for {right.sum()}"
    if chosen.confidence is None:
        return f"{told}."
    judged = Judged(songs.confidence, right, np.array(linked(track.links for track in songs.tracks)))
    sure = precision([(judged, chosen.confidence)], "of these")
    return f"{told}. The part that is right {sure}." if sure.songs else f"{told}, and so sure of none."
