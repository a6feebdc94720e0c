"""What a data set's folder holds, in files that stay whole however a run ends.

manifest.csv lists the songs, GENRE/TRACK_ID.mp3; fetch_listing.json the candidates in the order in which they were
found, and those that could not be had yet; fetch_skipped.json the tracks that will never be had; fetch_answers.txt what
the service has said so far to a run that did not end; .fetch.lock belongs to the run that is at work.
"""

import json
import re
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from genre_lightning.data.catalogue import MANIFEST, Catalogue, Track, read_manifest, write_manifest
from genre_lightning.errors import UserError
from genre_lightning.fetch.candidates import Candidate
from genre_lightning.fetch.download import FetchedSong
from genre_lightning.fetch.failures import full_disks
from genre_lightning.fetch.journal import Journal
from genre_lightning.fetch.settings import Mode
from genre_lightning.fetch.tracks import as_shared
from genre_lightning.files import write_text_whole
from genre_lightning.runs.alone import lock

# Signs of a shared list's genres that cannot stand in the name of a folder on every system.
UNFIT = re.compile(r"[^\w&+ -]")
LISTING, SKIPPED, ANSWERS, LOCK = "fetch_listing.json", "fetch_skipped.json", "fetch_answers.txt", ".fetch.lock"
REPORT = "fetch_report.json"
# Reasons that may pass, and for which earlier versions gave tracks up.
PASSING = re.compile(r"no MP3 with|.*\bpreview\b|cannot be decoded|(?!400|404)\d{3} ")


class Ledger:
    """A data set's folder, which one run at a time may use: `with Ledger(root) as ledger`.

    `songs` are the fetched ones by track id; `batches` the candidates of each listing; `rejected` why tracks of a
    genre are no candidates, by track id; `skipped` why candidates cannot be had; `late` why an earlier run could not
    have candidates, which are to be tried after all others; `shared` what somebody else's list says of tracks.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.held = ExitStack()
        self.writing = threading.Lock()
        self.shared: Mapping[str, Track] = {}

    def __enter__(self) -> "Ledger":
        with full_disks(self.root):
            lock(self.root / LOCK, self.held, f"root: another run is collecting songs in {self.root}; wait for it")
        self.remove_unfinished()
        self.read()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.remove_unfinished()
        self.held.close()

    def remove_unfinished(self) -> None:
        """Remove what a killed run has begun, or a transfer for which nobody waits after Ctrl-C."""
        own = (f"{name}.*.tmp" for name in (MANIFEST, LISTING, SKIPPED, REPORT, "*/*.mp3"))
        for unfinished in [path for pattern in own for path in self.root.glob(pattern)]:
            with suppress(OSError):
                unfinished.unlink()

    def read(self) -> None:
        """Read what earlier runs have left. Raises UserError for a damaged file."""
        listing = read_json(self.root / LISTING, {"mode": None, "batches": [], "rejected": {}})
        try:
            self.batches = [[Candidate(**candidate) for candidate in batch] for batch in listing["batches"]]
            self.rejected = {genre: reasons(known) for genre, known in listing["rejected"].items()}
            self.late = reasons(listing.get("late", {}))
            mode = Mode(listing["mode"]) if listing["mode"] else None
        except (AttributeError, KeyError, TypeError, ValueError):
            raise damaged(self.root / LISTING) from None
        try:
            skipped = reasons(read_json(self.root / SKIPPED, {}))
        except TypeError:
            raise damaged(self.root / SKIPPED) from None
        self.skipped = {number: reason for number, reason in skipped.items() if not PASSING.match(reason)}
        self.journal = Journal(self.root / ANSWERS)
        self.read_songs(mode)

    def read_songs(self, mode: Mode | None) -> None:
        """Read the manifest; `mode` is what the listing says that files hold."""
        manifest = self.root / MANIFEST
        tracks = list(read_manifest(manifest)) if manifest.is_file() else []
        self.others = [track for track in tracks if not track.extra.get("track_id")]
        self.songs = {t.extra["track_id"]: t for t in tracks if t.extra.get("track_id") and t.path.is_file()}
        named = {track.extra.get("mode") for track in self.songs.values()}
        self.mode = mode or next((one for one in Mode if one.value in named), None)
        self.names = {number: name for track in self.songs.values() for number, name in named_artists(track)}

    def path(self, candidate: Candidate) -> Path:
        """Where a candidate's file goes."""
        return self.root / UNFIT.sub("_", candidate.genre)[:60] / f"{candidate.track_id}.mp3"

    def settle_mode(self, mode: Mode) -> None:
        """Note what the files hold. Raises UserError if they hold something else."""
        if self.mode not in (None, mode) and any(self.root.glob("*/*.mp3")):
            raise UserError(
                f"mode: the songs in {self.root} were not collected with mode={mode.value} "
                "(without a token it is preview); two kinds must not mix: use another root"
            )
        if self.mode is not mode:
            self.mode = mode
            self.write_listing()

    def add_batch(self, genre: str, batch: list[Candidate], rejected: Mapping[str, str]) -> None:
        """Keep what a listing has found."""
        if batch:
            self.batches.append(batch)
        self.rejected.setdefault(genre, {}).update(rejected)
        self.write_listing()

    def write_listing(self) -> None:
        """Write the candidates down."""
        batches = [[asdict(candidate) for candidate in batch] for batch in self.batches]
        mode = self.mode.value if self.mode else None
        listing = {"mode": mode, "batches": batches, "rejected": self.rejected, "late": self.late}
        write_json(self.root / LISTING, listing)

    def put_off(self, failed: Mapping[str, str]) -> None:
        """Remember by track id why some could not be had now."""
        done = {*self.songs, *self.skipped}
        late = {number: reason for number, reason in (self.late | dict(failed)).items() if number not in done}
        if late != self.late:
            self.late = late
            self.write_listing()

    def skip(self, reasons: Mapping[str, str]) -> None:
        """Remember by track id why some cannot be had, from any thread."""
        with self.writing:
            if not reasons.items() <= self.skipped.items():
                self.skipped.update(reasons)
                write_json(self.root / SKIPPED, self.skipped)

    def forget_skipped(self) -> None:
        """Let all candidates be tried again."""
        self.skipped = {}
        write_json(self.root / SKIPPED, self.skipped)

    def twin(self, song: FetchedSong) -> str | None:
        """The id of the song that is the same file, or None."""
        return next((number for number, one in self.songs.items() if one.extra.get("sha256") == song.sha256), None)

    def add(self, candidate: Candidate, song: FetchedSong) -> None:
        """Give a song its line in the manifest. An artist keeps the name that the first of their songs gave them."""
        names = [self.names.setdefault(number, name) for number, name in candidate.artists.items()]
        facts = {
            "track_id": candidate.track_id,
            "artist_ids": "; ".join(candidate.artists),
            "album_id": candidate.album_id,
            "album_genre": candidate.album_genre,
            "route": candidate.route,
            "isrc": candidate.isrc,
            "mode": self.mode.value if self.mode else "",
            "seconds": f"{song.seconds:.2f}",
            "sha256": song.sha256,
        }
        track = Track(song.path, candidate.genre, "; ".join(names), candidate.title, extra=facts)
        self.songs[candidate.track_id] = as_shared(track, self.shared.get(candidate.track_id))
        self.write_manifest()

    def take_over(self, shared: Mapping[str, Track]) -> None:
        """Let a list say by track id what songs are: those that are here, and those to come."""
        self.shared = shared
        songs = {number: as_shared(song, shared.get(number)) for number, song in self.songs.items()}
        if songs != self.songs:
            self.songs = songs
            self.write_manifest()

    def drop(self, track_id: str) -> None:
        """Take a song out of the set: its file first, since a line without a file is no song."""
        self.songs.pop(track_id).path.unlink(missing_ok=True)
        self.write_manifest()

    def write_manifest(self) -> None:
        """Write the songs down, and what else the manifest listed before."""
        with full_disks(self.root):
            write_manifest(Catalogue([*self.others, *self.songs.values()]), self.root / MANIFEST)

    def of_genre(self, genre: str) -> list[Track]:
        """The songs of a genre."""
        return [song for song in self.songs.values() if song.genre == genre]


def named_artists(song: Track) -> list[tuple[str, str]]:
    """The ids of a song's artists, each with the name."""
    return list(zip(song.extra.get("artist_ids", "").split("; "), song.artist.split("; "), strict=False))


def reasons(known: Any) -> dict[str, str]:
    """Reasons by track id, as they were written down. Raises TypeError for anything else."""
    if not isinstance(known, dict) or not all(isinstance(reason, str) for reason in known.values()):
        raise TypeError
    return known


def read_json(path: Path, default: Any) -> Any:
    """What a file holds, or `default` if there is none. Raises UserError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else default
    except (OSError, ValueError):
        raise damaged(path) from None
    if not isinstance(content, type(default)):
        raise damaged(path)
    return content


def write_json(path: Path, content: Any) -> None:
    """Write what `read_json` reads. Raises UserError."""
    with full_disks(path.parent):
        write_text_whole(path, json.dumps(content, ensure_ascii=False, indent=1))


def damaged(path: Path) -> UserError:
    """What is said of a file that is not as this program writes it."""
    return UserError(f"root: {path} is damaged; remove it, the songs stay")
