"""collect(config): from a list of genres to a folder of labelled songs."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from tqdm import tqdm
from yandex_music import Client, Track

from genre_lightning.fetch.account import VARIABLE, check_account, log_in, read_token
from genre_lightning.fetch.candidates import Candidate, RejectedError, accept
from genre_lightning.fetch.client import connect
from genre_lightning.fetch.ledger import REPORT, Ledger, write_json
from genre_lightning.fetch.pace import Pace
from genre_lightning.fetch.routes import Routes
from genre_lightning.fetch.settings import Mode, Settings, check_address, check_disjoint, checked_settings
from genre_lightning.fetch.shared import SharedTracks
from genre_lightning.fetch.shortlist import MOST_SONGS_OF_AN_ARTIST, Shortlist, shortlist
from genre_lightning.fetch.summary import figures, print_table
from genre_lightning.fetch.tracks import read_tracks
from genre_lightning.fetch.transfer import Transfer

logger = logging.getLogger(__name__)
# So many artists are listed for each song that is wanted: the seed chooses among them, and some cannot be had.
ARTISTS_A_SONG = 2


def collect(config: DictConfig) -> bool:
    """Do what conf/fetch.yaml asks for; returns whether every genre has as many songs as it should.

    Raises UserError for what the user can mend, and if the service wants the run to end; all songs are kept.
    """
    settings = checked_settings(config)
    shared = read_tracks(Path(settings.tracks).expanduser()) if settings.tracks else None
    token = None if settings.login else read_token(settings.token_file)
    check_address(settings.api.base_url, with_token=token is not None)
    pace = Pace(settings.pace)
    client = connect(settings.api.base_url, token, pace)
    if settings.login:
        log_in(client, settings.token_file)
        return True
    if token is None and settings.mode is not Mode.preview:
        where = f"neither {VARIABLE} nor {settings.token_file} holds a token"
        logger.warning("%s: the songs will be previews of 30 s (mode=preview)", where)
        settings.mode = Mode.preview
    with Ledger(Path(settings.root).expanduser()) as ledger:
        if token is not None:
            check_account(client)
        source = connect(settings.api.base_url, None, pace) if settings.mode is Mode.preview else client
        parts = settings, ledger, pace, client, source
        return (SharedTracks(*parts, shared) if shared else Collection(*parts)).run()


class Collection(Transfer):
    """A run that looks for songs of some genres itself."""

    def __init__(self, settings: Settings, ledger: Ledger, pace: Pace, client: Client, source: Client) -> None:
        super().__init__(settings, ledger, pace, client, source)
        listing = connect(settings.api.base_url, client.token, pace, ledger.journal)
        self.routes = Routes(listing, settings.album_genres, ledger.journal)
        self.album_genres: dict[str, list[str]] = {}
        self.walks: dict[str, Iterator[tuple[str, Track]]] = {}
        self.exhausted: set[str] = set()
        self.most = dict.fromkeys(settings.genres, 1)
        self.put_off = set(ledger.late)

    def report(self) -> dict[str, dict[str, Any]]:
        """Print and write down what is known of each genre."""
        known = self.settings, self.ledger, self.order(), self.failed, self.before
        told = {genre: figures(genre, *known) for genre in self.settings.genres}
        facts = {"mode": self.settings.mode.value, "seed": self.settings.seed, "dry_run": self.settings.dry_run}
        report = {**facts, "genres": told, "listing_failures": dict(self.routes.troubles)}
        write_json(self.ledger.root / REPORT, report)
        print_table(told)
        return told

    def list_candidates(self) -> None:
        """List twice as many artists as songs are missing, for every genre that has not got them yet."""
        self.album_genres = {genre: self.routes.album_genres(genre) for genre in self.settings.genres}
        check_disjoint(self.album_genres)
        for genre in self.settings.genres:
            if len(self.untried(genre, 1)) < self.missing(genre):
                self.list_more(genre)

    def list_more(self, genre: str) -> None:
        """Go on along the genre's routes until enough new artists are found, and keep what was found."""
        wanted, artists, batch, rejected = ARTISTS_A_SONG * self.missing(genre), set(), [], {}
        with tqdm(desc=f"{genre}: artists listed", total=wanted, unit="artist", disable=None) as bar:
            for candidate in self.new_candidates(genre, rejected):
                batch.append(candidate)
                artists.add(frozenset(candidate.artists))
                bar.update(len(artists) - bar.n)
                if len(artists) >= wanted:
                    break
            else:
                self.exhausted.add(genre)
        self.ledger.add_batch(genre, batch, rejected)

    def new_candidates(self, genre: str, rejected: dict[str, str]) -> Iterator[Candidate]:
        """What the genre's routes lead to, from where they were left; `rejected` gains why the rest is not taken."""
        known = {one.track_id for batch in self.ledger.batches for one in batch if one.genre == genre}
        for route, track in self.walks.setdefault(genre, self.routes.walk(genre)):
            try:
                candidate = accept(track, genre, self.album_genres, route)
            except RejectedError as reason:
                rejected[str(track.id)] = str(reason)
                continue
            if candidate.track_id not in known:
                known.add(candidate.track_id)
                yield candidate

    def order(self) -> Shortlist:
        """The candidates in the order in which they are to be fetched."""

        def fits(one: Candidate) -> bool:  # an earlier run may have been asked for albums of other genres
            asked = self.album_genres.get(one.genre)
            return asked is None or one.album_genre in asked or one.track_id in self.ledger.songs

        batches = [list(filter(fits, batch)) for batch in self.ledger.batches]
        return shortlist(batches, self.ledger.songs, self.settings.seed)

    def untried(self, genre: str, songs_of_an_artist: int) -> list[Candidate]:
        """The candidates of a genre that may be fetched next, in order."""
        done = {*self.ledger.songs, *self.ledger.skipped, *self.failed, *self.put_off}
        return [one for one in self.order().of_genre(genre, songs_of_an_artist) if one.track_id not in done]

    def missing(self, genre: str) -> int:
        """How many songs a genre still lacks."""
        return max(0, self.settings.per_genre - len(self.ledger.of_genre(genre)))

    def fetch_listed(self) -> None:
        """Fill all genres, and those that are short then with what an earlier run could not have: it may stop this one.

        A song that drops out later is made up for.
        """
        self.drop_songs_of_two_genres()
        self.fill_all()
        if self.put_off:
            self.put_off = set()
            self.fill_all()

    def fill_all(self) -> None:
        """Fill one genre after the other."""
        left = list(self.settings.genres)
        while short := [genre for genre in left if self.missing(genre)]:
            self.fill(short[0])
            if self.missing(short[0]):
                left.remove(short[0])
            self.drop_songs_of_two_genres()

    def drop_songs_of_two_genres(self) -> None:
        """Take songs out of the set that have turned up under a second genre."""
        for track_id in set(self.order().under_two_genres) & set(self.ledger.songs):
            logger.warning("%s is under two genres: it is taken out", self.ledger.songs[track_id].path)
            self.ledger.drop(track_id)

    def fill(self, genre: str) -> None:
        """Fetch songs of a genre until there are enough, or nothing is left to try.

        Artists have one song each, and more only where all routes have been walked to their end.
        """
        while missing := self.missing(genre):
            if todo := self.untried(genre, self.most[genre]):
                self.fetch(genre, todo, missing)
            elif genre not in self.exhausted:
                self.list_more(genre)
            elif self.most[genre] < MOST_SONGS_OF_AN_ARTIST:
                self.most[genre] += 1
                logger.warning("%s: too few artists; up to %d songs of one are taken", genre, self.most[genre])
            else:
                return
