"""What conf/fetch.yaml sets, with the types its values must have."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import Enum
from urllib.parse import urlsplit

from omegaconf import MISSING, DictConfig, OmegaConf, ValidationError

from genre_lightning.command_line.rewriting import decoded
from genre_lightning.data.catalogue import genre_name
from genre_lightning.errors import UserError

MOST_WORKERS = 4
# Names of genres are names of folders as well.
GENRE = re.compile(r"\w[\w&+ -]*")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Mode(Enum):
    """What a file holds: the service's preview of 30 s, the middle 30 s of the song, or the whole song."""

    preview = "preview"
    excerpt = "excerpt"
    full = "full"


@dataclass
class PaceSettings:
    """How gently the service is asked."""

    requests_per_second: float | None = MISSING
    workers: int = MISSING
    retries: int = MISSING
    backoff_seconds: float = MISSING
    cooldowns_seconds: list[float] = MISSING
    timeout_seconds: float = MISSING


@dataclass
class ApiSettings:
    """Where the service is."""

    base_url: str = MISSING


@dataclass
class Settings:
    """What is collected, how, and where it goes."""

    tracks: str | None = MISSING
    genres: list[str] = MISSING
    per_genre: int = MISSING
    root: str = MISSING
    mode: Mode = MISSING
    dry_run: bool = MISSING
    seed: int = MISSING
    retry_failed: bool = MISSING
    token_file: str = MISSING
    login: bool = MISSING
    pace: PaceSettings = MISSING
    api: ApiSettings = MISSING
    album_genres: dict[str, list[str]] = MISSING


def checked_settings(config: DictConfig) -> Settings:
    """The configuration as Settings, genres in their one spelling. Raises UserError that names a setting at fault."""
    known = {name: config[name] for name in (field.name for field in fields(Settings))}
    try:
        settings = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Settings), known))
    except ValidationError as error:
        raise UserError(f"{error.full_key}: {str(error).splitlines()[0]}") from None
    assert isinstance(settings, Settings)
    settings.genres = list(dict.fromkeys(genre_name(genre) for genre in settings.genres))
    settings.album_genres = {genre_name(decoded(genre)): ids for genre, ids in settings.album_genres.items()}
    settings.api.base_url = settings.api.base_url.rstrip("/")
    if not settings.genres:
        raise UserError("genres: names no genre")
    for genre in settings.genres:
        if not GENRE.fullmatch(genre):
            raise UserError(f"genres: {genre!r} cannot name a folder; use letters, digits, spaces, & + -")
    check_pace(settings.pace)
    if settings.per_genre < 1:
        raise UserError(f"per_genre must be at least 1, not {settings.per_genre}")
    return settings


def check_disjoint(album_genres: Mapping[str, Iterable[str]]) -> None:
    """Raise UserError if albums of one genre would make songs of two."""
    owner: dict[str, str] = {}
    for genre, ids in album_genres.items():
        for album_genre in ids:
            if (other := owner.setdefault(album_genre, genre)) != genre:
                raise UserError(f"album_genres: {album_genre} stands under {other} and under {genre}; keep one")


def check_pace(pace: PaceSettings) -> None:
    """Raise UserError for a pace that is none, or too hard on the service."""
    if pace.requests_per_second is not None and pace.requests_per_second <= 0:
        raise UserError(f"pace.requests_per_second must be above 0, not {pace.requests_per_second}; null: no limit")
    if not 1 <= pace.workers <= MOST_WORKERS:
        raise UserError(f"pace.workers must be 1 to {MOST_WORKERS}, not {pace.workers}")
    if pace.timeout_seconds <= 0:
        raise UserError(f"pace.timeout_seconds must be above 0, not {pace.timeout_seconds}")
    if min(pace.retries, pace.backoff_seconds, *pace.cooldowns_seconds, 0) < 0:
        raise UserError("pace: retries, backoff_seconds and cooldowns_seconds must not be below 0")


def check_address(base_url: str, with_token: bool) -> None:
    """Raise UserError for an address that is none, or that would carry a token in the open."""
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"api.base_url: {base_url!r} is no address; it begins with https://")
    if with_token and parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise UserError(f"api.base_url: a token must not travel in the open to {parts.hostname}; use https")
