"""The ways to a genre's tracks, the surest first: artists and albums of its tag, tag playlists, search, the station."""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property, partial
from typing import Any

from yandex_music import Client, Genre, MetatagLeaf, Track

from genre_lightning.command_line.quoting import in_shell
from genre_lightning.data.catalogue import genre_name
from genre_lightning.errors import UserError
from genre_lightning.fetch.answers import asked
from genre_lightning.fetch.failures import SENSELESS, PassingError, ServiceError, UnansweredError
from genre_lightning.fetch.journal import Journal
from genre_lightning.fetch.pace import Patience

PAGE_SIZE = 25
# The station repeats itself; after so many answers without a new track it has no more to give.
BARREN_ANSWERS = 3
# No list of the service is as long: one without end is given up.
MOST_PAGES = 1000


class Routes:
    """Walks the service. `album_genres` are what the albums of each genre may be called; `troubles` counts failures,
    and `journal` keeps what `client` is told.
    """

    def __init__(self, client: Client, album_genres: Mapping[str, Collection[str]], journal: Journal) -> None:
        self.client, self.journal, self.patience = client, journal, Patience()
        self.listed = {genre: list(ids) for genre, ids in album_genres.items()}
        self.troubles: Counter[str] = Counter()

    def walk(self, genre: str) -> Iterator[tuple[str, Track]]:
        """Every track found for `genre`, with the name of its route; one may come several times."""
        for way in (self.by_artists, self.by_albums, self.by_playlists, self.by_search, self.by_station):
            for track in way(genre):
                yield way.__name__.removeprefix("by_"), track

    def by_artists(self, genre: str) -> Iterator[Track]:
        """The popular tracks of popular artists of the genre's tags."""
        for tag in self.tags(genre):
            for entry in self.popular(self.client.metatag_artists, tag, "artists"):
                yield from entry.popular_tracks

    def by_albums(self, genre: str) -> Iterator[Track]:
        """The tracks of popular albums of the genre's tags, of those albums only that are of the genre."""
        for tag in self.tags(genre):
            for album in self.popular(self.client.metatag_albums, tag, "albums"):
                if album.id and album.genre in (None, *self.album_genres(genre)) and album.type != "compilation":
                    yield from self.tracks_of_album(album.id)

    def popular(self, question: Callable[..., Any], tag: str, part: str) -> Iterator[Any]:
        """What is popular under a tag this month, page by page."""
        return paged(lambda page: self.ask(question, tag, "month", "popular", page * PAGE_SIZE, PAGE_SIZE, part=part))

    def tracks_of_album(self, album_id: int) -> Iterator[Track]:
        """The tracks of an album, which they do not always name themselves."""
        for album in self.ask(lambda: [self.client.albums_with_tracks(album_id)]):
            for track in (track for volume in album.volumes or [] for track in volume):
                track.albums = track.albums or [album]
                yield track

    def by_playlists(self, genre: str) -> Iterator[Track]:
        """The tracks of playlists that the service's editors have tagged with the genre."""
        for slug in dict.fromkeys([genre, *self.album_genres(genre)]):
            for playlist in self.ask(self.client.tags, slug, part="ids"):
                shorts = self.ask(self.client.users_playlists, playlist.kind, playlist.uid, part="tracks")
                yield from (short.track for short in shorts if short.track)
                if bare := [str(short.id) for short in shorts if not short.track]:
                    yield from self.ask(self.client.tracks, bare)

    def by_search(self, genre: str) -> Iterator[Track]:
        """What a search for the genre's names finds."""
        for text in self.names(genre):
            ask = partial(self.ask, self.client.search, text, False, "track", part="tracks.results")
            yield from paged(ask)

    def by_station(self, genre: str) -> Iterator[Track]:
        """What the stations of the genre play."""
        for album_genre in self.album_genres(genre):
            yield from self.played(f"genre:{album_genre}")

    def played(self, station: str) -> Iterator[Track]:
        """What a station plays, which is asked for more by naming the last track that it gave."""
        last = None

        def play(_: int) -> list[Track]:
            nonlocal last
            found = self.ask(self.client.rotor_station_tracks, station, True, last, part="sequence")
            tracks = [one.track for one in found if one.track]
            last = tracks[-1].id if tracks else last
            return tracks

        return paged(play, BARREN_ANSWERS)

    def ask(self, question: Callable[..., Any], *arguments: Any, part: str = "") -> list[Any]:
        """A list that the service answers with, or that is a part of its answer; empty if it has nothing to give.

        Raises UserError if it does not answer at all, or too often with what makes no sense.
        """
        try:
            found = listed(asked(question, *arguments), part)
        except UnansweredError as failure:
            raise UserError(f"the service cannot be reached: {failure}; run again later, all songs are kept") from None
        except ServiceError as failure:
            self.troubles[str(failure)] += 1
            if isinstance(failure, PassingError):
                self.patience.failed(str(failure), "the service does not want to list its tracks now; run again later")
            return []
        self.patience.worked()
        if found:
            self.journal.keep()
        return found

    def album_genres(self, genre: str) -> list[str]:
        """What the albums of a genre may be called: as configured, else the service's genre of that name and below.

        Raises UserError for a genre that the service does not know.
        """
        if genre not in self.listed:
            if not self.taxonomy:
                raise UserError("the service does not say which genres it has; run again later")
            known = {genre_name(one.id): one for one in self.taxonomy}
            if genre not in known:
                raise UserError(f"genres: the service has no genre {genre}; {self.hint(genre)}")
            self.listed[genre] = [one.id for one in flat([known[genre]], "sub_genres")]
        return self.listed[genre]

    def hint(self, genre: str) -> str:
        """What to type for a genre that the service does not know: genres that it knows and that are called alike."""
        titles = {genre_name(name): one.id for one in self.taxonomy for name in (one.title or "", one.id)}
        alike = [titles[name] for name in get_close_matches(genre, titles, 3)] or [*titles.values()][:1] or ["..."]
        typed = in_shell(f"+album_genres.{genre}=[{','.join(dict.fromkeys(alike))}]")
        return f"say which of its genres make it up, for example {typed}"

    @cached_property
    def taxonomy(self) -> list[Genre]:
        """The service's genres, each before those below it."""
        return list(flat(self.ask(self.client.genres), "sub_genres"))

    @cached_property
    def leaves(self) -> list[MetatagLeaf]:
        """The service's tags for genres."""
        trees = self.ask(self.client.metatags, part="trees")
        return [leaf for tree in trees if tree.navigation_id == "genres" for leaf in flat(tree.leaves, "leaves")]

    def names(self, genre: str) -> list[str]:
        """The genre's own name, and the titles of what its albums may be called."""
        ids = self.album_genres(genre)
        return list(dict.fromkeys([genre, *(one.title for one in self.taxonomy if one.id in ids and one.title)]))

    def tags(self, genre: str) -> list[str]:
        """The tags of a genre: those called like it, else one whose station plays it."""
        known = {genre_name(name) for name in (*self.names(genre), *self.album_genres(genre))}
        called = [leaf for leaf in self.leaves if {genre_name(leaf.tag or ""), genre_name(leaf.title or "")} & known]
        return [leaf.tag for leaf in called if leaf.tag] or self.tags_by_station(genre)

    def tags_by_station(self, genre: str) -> list[str]:
        """The first tag whose station plays an album genre of `genre`; the service is asked for one after another."""
        wanted = {f"genre:{album_genre}" for album_genre in self.album_genres(genre)}
        for name in (leaf.tag for leaf in self.leaves if leaf.tag):
            if any(tag.station_id in wanted for tag in self.ask(lambda name=name: [self.client.metatag(name)])):
                return [name]
        return []


def listed(answer: Any, part: str) -> list[Any]:
    """The list that a part of an answer is, such as "tracks.results". Raises PassingError if there is no answer."""
    if answer is None:
        raise PassingError(SENSELESS)
    for name in filter(None, part.split(".")):
        answer = getattr(answer, name, None)
    return [one for one in answer if one is not None] if isinstance(answer, list) else []


def paged(ask: Callable[[int], list[Any]], barren: int = 1) -> Iterator[Any]:
    """What page after page holds, each thing once, until `barren` pages in a row hold nothing new."""
    seen: set[Hashable] = {None}
    empty = 0
    for page in range(MOST_PAGES):
        new = {identity(one): one for one in ask(page) if identity(one) not in seen}
        seen |= set(new)
        yield from new.values()
        empty = 0 if new else empty + 1
        if empty == barren:
            return


def identity(thing: Any) -> Hashable:
    """What tells things on a page apart: the id of a track or album, or of an entry's artist; None if there is none."""
    return getattr(getattr(thing, "artist", thing), "id", None)


def flat(trees: Iterable[Any], below: str) -> Iterator[Any]:
    """Every node of some trees before its children, which are its attribute `below`."""
    for node in trees:
        yield node
        yield from flat(getattr(node, below), below)
