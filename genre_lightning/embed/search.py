"""What a text can mean: a song, an artist or a file, however it is written."""

import difflib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unicodedata import normalize

import numpy as np

from genre_lightning.data.artists import ACCENTS, LETTERS
from genre_lightning.embed.artists import artists_of, song_name
from genre_lightning.embed.embeddings import Embeddings
from genre_lightning.errors import UserError

# What no decomposition makes of letters and signs that people type otherwise
TYPED = LETTERS | str.maketrans({"ß": "ss", "ς": "σ"} | dict.fromkeys("‘’ʼ", "'") | dict.fromkeys("“”", '"'))  # noqa: RUF001
TYPED |= str.maketrans(dict.fromkeys("‐‑‒–—", "-"))  # noqa: RUF001


def fold(text: str) -> str:
    """A text as search compares it: without accents and case, in letters that every keyboard has.

    In this order: NFKD; no marks of Latin, Greek, Cyrillic, Arabic and Hebrew letters (ACCENTS); lower case; the
    letters of TYPED, such as ø for o; one space between words. `fold` in page/panel/folding.mjs does the same, and
    tests/embed/folding.json holds both to it.
    """
    return " ".join(ACCENTS.sub("", normalize("NFKD", text)).lower().translate(TYPED).split())


@dataclass(frozen=True, slots=True)
class Query:
    """What to find neighbours of: a name, a vector `(embedding,)`, the rows of the songs and the numbers of the artists
    (`Artists`) that it stands for. These do not count as its neighbours.
    """

    name: str
    vector: np.ndarray
    rows: Sequence[int] = ()
    artists: Sequence[int] = ()
    is_song: bool = False


def find(embeddings: Embeddings, text: str) -> list[Query]:
    """What `text` can mean, the best match first: the whole name of an artist, song or file, its start, or words of it.

    Raises UserError with the closest names if nothing matches.
    """
    wanted, ranked, names = fold(text), [], []
    for query, called in queries(embeddings):
        names += called
        rank = match(wanted, called)
        if rank is not None:
            ranked.append((rank, query))
    if not ranked:
        close = difflib.get_close_matches(wanted, dict.fromkeys(names), cutoff=0.5)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        raise UserError(f"no song, artist or file is called {text!r}{hint}")
    return [query for _, query in sorted(ranked, key=lambda one: one[0])]


def match(wanted: str, called: Sequence[str]) -> int | None:
    """How well a folded text fits folded names: 0 one of them, 1 its start, 2 words of them; None if not at all."""
    if wanted in called:
        return 0
    if wanted and any(name.startswith(wanted) for name in called):
        return 1
    whole, words = " ".join(called), wanted.split()
    return 2 if words and all(re.search(rf"(?<!\w){re.escape(word)}", whole) for word in words) else None


def queries(embeddings: Embeddings) -> Iterator[tuple[Query, list[str]]]:
    """Every artist, every group of artists with songs of its own, and every song, with their folded names."""
    tracks, artists = embeddings.tracks.tracks, artists_of(embeddings.tracks.tracks)
    together: dict[str, list[int]] = defaultdict(list)
    for row, track in enumerate(tracks):
        if len(artists.of_songs[row]) > 1:
            together[fold(track.artist)].append(row)
    for number, (name, rows) in enumerate(zip(artists.names, artists.songs, strict=True)):
        yield of_rows(embeddings, name, rows, [number]), [fold(name)]
    for called, rows in together.items():
        yield of_rows(embeddings, tracks[rows[0]].artist, rows, artists.of_songs[rows[0]]), [called]
    for row, track in enumerate(tracks):
        texts = (track.title, track.path.stem, track.path.name, f"{track.artist} {track.title}")
        yield of_song(embeddings, row, artists.of_songs[row]), [name for text in texts if (name := fold(text))]


def of_rows(embeddings: Embeddings, name: str, rows: Sequence[int], artists: Sequence[int]) -> Query:
    """Songs by the same artists, which their mean stands for."""
    return Query(f"{name} (songs: {len(rows)})", embeddings.vectors[rows].mean(axis=0), rows, artists)


def of_song(embeddings: Embeddings, row: int, artists: Sequence[int]) -> Query:
    """A single song."""
    return Query(song_name(embeddings.tracks.tracks[row]), embeddings.vectors[row], [row], artists, is_song=True)
