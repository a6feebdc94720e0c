"""What was noticed about the songs of a run: what is no song, what is one recording, and where labels disagree."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from genre_lightning.data.catalogue import RECORDING, Track
from genre_lightning.data.selection import Selection
from genre_lightning.text import code, plain

GROUPS_SHOWN, NAMES_SHOWN = 20, 3


def about_songs(selection: Selection) -> list[str]:
    """Paragraphs in Markdown, some with a list; none if there is nothing to say."""
    return [*conflicts(selection), *twins(selection), *parts(selection), *doubtful(selection), *no_songs(selection)]


def conflicts(selection: Selection) -> Iterator[str]:
    """Recordings under several genres, of which at most one can be right."""
    if groups := selection.recordings.conflicts:
        yield (
            f"**Labels that contradict each other**: {recordings(groups)} under several genres. Decide "
            "for one in the column genre_checked of a manifest.csv, or drop the copies.\n\n"
            f"{listed(groups, with_genre=True)}"
        )


def twins(selection: Selection) -> Iterator[str]:
    """Songs that are one recording, and whether a published or a naive split divides them."""
    groups = selection.recordings.twins
    if not groups:
        return
    where = "They are kept in one split."
    if apart := len(selection.divided):
        where = f"**Warning**: the split divides {apart} of these recordings, so figures are too optimistic."
    yield (
        "**One recording as several files**, by its sound (another format, another cut, a copy): "
        f"{recordings(groups)} in {sum(map(len, groups))} files. {where}\n\n{listed(groups)}"
    )


def parts(selection: Selection) -> Iterator[str]:
    """Songs that are parts of a recording by their names."""
    if groups := selection.recordings.parts:
        yield (
            f"**Parts of one recording**, by their names, of unknown artists: {sum(map(len, groups))} files of "
            f"{recordings(groups)}. They are kept in one split. If they are different songs, name their "
            f"artists.\n\n{listed(groups)}"
        )


def doubtful(selection: Selection) -> Iterator[str]:
    """Songs that may be parts of a recording by their names, and were not taken for such."""
    if groups := selection.recordings.doubtful:
        yield (
            f"**Numbered alike**: {sum(map(len, groups))} files of unknown artists. They count as different songs, "
            "since little else would be left of their genre. If they are parts of one recording, figures are far too "
            f"good: give those of each one name in the column {RECORDING} of a manifest.csv.\n\n{listed(groups)}"
        )


def no_songs(selection: Selection) -> Iterator[str]:
    """Files that were not taken for songs, by reason."""
    of_reason: dict[str, list[str]] = defaultdict(list)
    for path, reason in selection.catalogue.others.items():
        of_reason[reason].append(code(path.name))
    if of_reason:
        lines = (f"- {since(len(names))} {reason}: {several(names)}" for reason, names in of_reason.items())
        yield f"**Files that are not among the songs**: {len(selection.catalogue.others)}\n\n" + "\n".join(lines)


def since(files: int) -> str:
    """How a line about so many files begins, before the reason against them."""
    return "1 file, since it" if files == 1 else f"{files} files, since each"


def recordings(groups: Sequence[object]) -> str:
    """How many there are."""
    return f"{len(groups)} recording{'s' * (len(groups) != 1)}"


def listed(groups: Sequence[Sequence[Track]], with_genre: bool = False) -> str:
    """A line for each group of songs."""
    lines = []
    for songs in groups[:GROUPS_SHOWN]:
        names = [code(song.path) + (f" ({plain(song.genre)})" if with_genre else "") for song in songs]
        lines.append(f"- {', '.join(names) if with_genre else several(names)}")
    if len(groups) > GROUPS_SHOWN:
        lines.append(f"- and {len(groups) - GROUPS_SHOWN} more: see the column {RECORDING} of manifest.csv")
    return "\n".join(lines)


def several(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are."""
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(names[:NAMES_SHOWN]) + more
