"""What a run has done: the figures of each genre, and a table of them for the terminal."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from genre_lightning.fetch.ledger import Ledger, named_artists
from genre_lightning.fetch.settings import Settings
from genre_lightning.fetch.shortlist import Shortlist
from genre_lightning.text import say, table


def figures(
    genre: str, settings: Settings, ledger: Ledger, order: Shortlist, failed: Mapping[str, str], before: Collection[str]
) -> dict[str, Any]:
    """What is known of a genre: how many songs were wanted, found and fetched, and why others were not."""
    songs = ledger.of_genre(genre)
    found = {one.track_id for batch in ledger.batches for one in batch if one.genre == genre}
    reasons = {**order.left_out, **failed, **ledger.skipped}
    skipped = Counter(ledger.rejected.get(genre, {}).values())
    skipped.update(reason for number, reason in reasons.items() if number in found and number not in ledger.songs)
    artists = Counter(number for song in songs for number, _ in named_artists(song))
    return {
        "wanted": settings.per_genre,
        "found": len(found - set(order.left_out)),
        "fetched": len(songs),
        "new": sum(song.extra["track_id"] not in before for song in songs),
        "skipped": dict(skipped.most_common()),
        "artists": len(artists),
        "most_songs_of_an_artist": max(artists.values(), default=0),
        "hours": sum(float(song.extra.get("seconds") or 0) for song in songs) / 3600,
        "routes": dict(Counter(song.extra.get("route", "") for song in songs)),
    }


def print_table(genres: Mapping[str, Any]) -> None:
    """Print a line for each genre, and below it what was skipped and why."""
    rows = []
    for genre, told in genres.items():
        routes = ", ".join(f"{count} {route}" for route, count in told["routes"].items())
        counts = [told["wanted"], told["found"], told["fetched"], told["new"], sum(told["skipped"].values())]
        rows.append([genre, *map(str, counts), str(told["artists"]), f"{told['hours']:.1f}", routes])
    print(table(["genre", "wanted", "found", "fetched", "new", "skipped", "artists", "hours", "routes"], rows))
    for genre, told in genres.items():
        if told["skipped"]:
            print(f"{genre}, skipped: " + ", ".join(f"{count} {reason}" for reason, count in told["skipped"].items()))
        if told["most_songs_of_an_artist"] > 1:
            print(f"{genre}: up to {told['most_songs_of_an_artist']} songs of one artist")


def shared_figures(
    ids: Sequence[str], ledger: Ledger, found: Collection[str], failed: Mapping[str, str], before: Collection[str]
) -> dict[str, Any]:
    """What is known of the tracks that a list names for one genre, and why some are not here."""
    songs = [ledger.songs[number] for number in ids if number in ledger.songs]
    missing = [number for number in ids if number not in ledger.songs]
    gone = {number: ledger.skipped[number] for number in missing if number in ledger.skipped}
    later = {number: failed[number] for number in missing if number in failed and number not in gone}
    return {
        "wanted": len(ids),
        "found": len(songs) + sum(number in found and number not in gone for number in missing),
        "fetched": len(songs),
        "new": sum(song.extra["track_id"] not in before for song in songs),
        "gone": dict(Counter(gone.values()).most_common()),
        "failed": dict(Counter(later.values()).most_common()),
        "hours": sum(float(song.extra.get("seconds") or 0) for song in songs) / 3600,
    }


def print_shared(genres: Mapping[str, Any]) -> None:
    """Print a line for each genre of a list, and below it what is gone or has failed, and why."""
    rows = []
    for genre, told in genres.items():
        counts = [told["wanted"], told["found"], told["fetched"], told["new"]]
        lost = [sum(told["gone"].values()), sum(told["failed"].values())]
        rows.append([genre, *map(str, counts + lost), f"{told['hours']:.1f}"])
    say(table(["genre", "wanted", "still there", "fetched", "new", "gone", "failed", "hours"], rows))
    for genre, told in genres.items():
        for key, what in (("gone", "gone"), ("failed", "failed, the next run tries again")):
            if reasons := told[key]:
                say(f"{genre}, {what}: " + ", ".join(f"{count} {reason}" for reason, count in reasons.items()))
