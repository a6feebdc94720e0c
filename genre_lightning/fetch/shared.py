"""A run of `fetch.py tracks=THEIRS.csv`: the songs that somebody else's manifest names, asked for by their ids."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tqdm import tqdm
from yandex_music import Client
from yandex_music import Track as FoundTrack

from genre_lightning.data.catalogue import Track
from genre_lightning.errors import UserError
from genre_lightning.fetch.answers import asked, legible
from genre_lightning.fetch.candidates import Candidate, RejectedError, as_candidate, check_artists
from genre_lightning.fetch.failures import ServiceError, UnansweredError
from genre_lightning.fetch.ledger import REPORT, Ledger, write_json
from genre_lightning.fetch.pace import Pace
from genre_lightning.fetch.settings import Settings
from genre_lightning.fetch.summary import print_shared, shared_figures
from genre_lightning.fetch.tracks import as_shared
from genre_lightning.fetch.transfer import Transfer

logger = logging.getLogger(__name__)
ASKED_AT_ONCE = 100
UNKNOWN = "unknown id"


class SharedTracks(Transfer):
    """A run that fetches the tracks which a list names, `shared`, as far as they are still there."""

    def __init__(
        self, settings: Settings, ledger: Ledger, pace: Pace, client: Client, source: Client,
        shared: Mapping[str, Track],
    ) -> None:  # fmt: skip
        super().__init__(settings, ledger, pace, client, source)
        self.shared = shared
        self.candidates: dict[str, Candidate] = {}

    @property
    def ids(self) -> dict[str, list[str]]:
        """The ids of each genre, both in the order of the list."""
        genres = dict.fromkeys(track.genre for track in self.shared.values())
        return {genre: [number for number, track in self.shared.items() if track.genre == genre] for genre in genres}

    def list_candidates(self) -> None:
        """Ask for the tracks that are neither here nor known to be gone."""
        self.introduce()
        done = {*self.ledger.songs, *self.ledger.skipped}
        unknown = [number for number in self.shared if number not in done]
        for begin in tqdm(range(0, len(unknown), ASKED_AT_ONCE), desc="asked for", unit="hundred", disable=None):
            self.look_up(unknown[begin : begin + ASKED_AT_ONCE])
        self.keep_names()

    def introduce(self) -> None:
        """Say what is going to be fetched, and what may not be as the user thinks."""
        name, mode = self.settings.tracks, self.settings.mode.value
        logger.info("%s names %d tracks; genres, per_genre and seed count for nothing", name, len(self.shared))
        modes = {track.extra.get("mode", "").strip() for track in self.shared.values()}
        if len(modes) == 1 and not modes & {"", mode}:
            theirs = modes.pop()
            logger.warning("%s was fetched with mode=%s: with mode=%s it is another data set", name, theirs, mode)
        here = {number: song for number, song in self.ledger.songs.items() if number in self.shared}
        if changed := sum(song != as_shared(song, self.shared[number]) for number, song in here.items()):
            logger.warning("%d songs that are here already differ from %s, which counts", changed, name)
        others = len(self.ledger.others) + len(self.ledger.songs) - len(here)
        if others:
            told = "%s holds %d songs that %s does not name: they stay; for the list alone use another root"
            logger.warning(told, self.ledger.root, others, name)

    def look_up(self, ids: Sequence[str]) -> None:
        """Ask for some tracks; those that are there become candidates, and the others are gone."""
        gone, before = dict.fromkeys(ids, UNKNOWN), len(self.candidates)
        for number, track in answers(ids, self.ask(ids)).items():
            try:
                self.candidates[number] = shared_candidate(track, number, self.shared[number].genre)
            except RejectedError as reason:
                gone[number] = str(reason)
        answered = self.candidates.keys() | self.failed.keys()
        gone = {number: reason for number, reason in gone.items() if number not in answered}
        if len(self.candidates) > before:
            self.ledger.skip(gone)
        else:  # that none of them is there may be trouble of the service
            self.failed |= gone

    def ask(self, ids: Sequence[str]) -> list[FoundTrack]:
        """What the service knows of some tracks. Raises UserError if it does not answer, or refuses too often."""
        try:
            found = [track for track in asked(self.client.tracks, ids) if track is not None]
        except UnansweredError as failure:
            raise UserError(f"the service cannot be reached: {failure}; run again later, all songs are kept") from None
        except ServiceError as failure:
            if len(ids) > 1:  # a single id may spoil the answer for all
                return [track for number in ids for track in self.ask([number])]
            self.failed[ids[0]] = str(failure)
            self.patience.failed(str(failure), "the service does not want to say what it knows of tracks")
            return []
        self.patience.worked()
        return found

    def keep_names(self) -> None:
        """Let artists have one name in the set: that of the list, also for songs whose artist the list leaves empty."""
        for number, candidate in self.candidates.items():
            artist = self.shared[number].artist
            if len(candidate.artists) == len(self.shared[number].artists) == 1:
                self.ledger.names.update(dict.fromkeys(candidate.artists, artist))

    def fetch_listed(self) -> None:
        """Fetch one genre after the other."""
        self.ledger.take_over(self.shared)
        late = set(self.ledger.late)
        for put_off in (False, True):  # what an earlier run could not have comes last, since it may stop this one
            for genre, ids in self.ids.items():
                known = [self.candidates[number] for number in ids if number in self.candidates]
                if todo := [one for one in known if (one.track_id in late) == put_off]:
                    self.fetch(genre, todo, len(todo))

    def report(self) -> dict[str, dict[str, Any]]:
        """Print and write down how many tracks of each genre are here, and why the others are not."""
        known = self.ledger, self.candidates, self.failed, self.before
        told = {genre: shared_figures(ids, *known) for genre, ids in self.ids.items()}
        facts = {"tracks": self.settings.tracks, "mode": self.settings.mode.value, "dry_run": self.settings.dry_run}
        write_json(self.ledger.root / REPORT, {**facts, "genres": told})
        print_shared(told)
        return told


def answers(ids: Sequence[str], found: Sequence[FoundTrack]) -> dict[str, FoundTrack]:
    """What was found, by the ids that were asked for.

    A track that has moved may answer with its new id: where as many ids lack an answer as answers were not asked for,
    these belong together, in order.
    """
    named = {str(track.id): track for track in found}
    lacking = [number for number in ids if number not in named]
    moved = [track for number, track in named.items() if number not in ids]
    known = {number: named[number] for number in ids if number in named}
    return known | dict(zip(lacking, moved, strict=True)) if len(lacking) == len(moved) else known


def shared_candidate(track: FoundTrack, track_id: str, genre: str) -> Candidate:
    """The candidate for what a list calls `track_id`. Raises RejectedError for one that cannot be had."""
    if track.error:
        raise RejectedError(legible(track.error))
    try:
        artists = check_artists(track.artists)
    except RejectedError:  # that nobody is named, or a placeholder, is no reason here: the list may know more
        artists = {}
    found = as_candidate(track, artists, genre, "list")
    return replace(found, track_id=track_id, moved_to="" if found.track_id == track_id else found.track_id)
