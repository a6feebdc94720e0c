"""map_songs(cfg): from a finished run to the map of its songs, or of songs that its model never saw."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from genre_lightning.config import check_number, check_type, check_types
from genre_lightning.data.cache import CachedSong
from genre_lightning.data.catalogue import Catalogue
from genre_lightning.data.selection import with_tags
from genre_lightning.devices import check_accelerator, leave_group
from genre_lightning.embed import style
from genre_lightning.embed.embeddings import (
    ARRAYS,
    TABLE,
    Embeddings,
    SongMeans,
    embed_songs,
    predicting_trainer,
    read_arrays,
    read_embeddings,
    write_embeddings,
)  # fmt: skip
from genre_lightning.embed.neighbours import nearest, songs_by_artist
from genre_lightning.embed.page.document import write_page
from genre_lightning.embed.page.excerpts import excerpts
from genre_lightning.embed.picture import map_picture
from genre_lightning.embed.projection import Projection
from genre_lightning.embed.projector import show_embeddings
from genre_lightning.embed.quality import Separation, measure
from genre_lightning.embed.songmap import SongMap, draw_map, map_settings, read_map
from genre_lightning.errors import UserError
from genre_lightning.plotting import save_picture
from genre_lightning.runs.run import Run, latest_run
from genre_lightning.text import say

logger = logging.getLogger(__name__)
LOGS = Path("logs")
PICTURE, PAGE = "map.png", "map.html"
NEAREST_SHOWN = 10  # of each song and artist, on the page
OTHERS = "embeddings"  # the folder in a run's folder for songs that are not its own


def map_songs(cfg: DictConfig) -> None:
    """Embed the songs on all devices; on the first one, draw their map, measure it and write everything down.

    Raises UserError for what the user can mend, and where no song can be read; names at the end those that cannot.
    """
    check(cfg)
    run = Run(latest_run(LOGS) if cfg.run is None else Path(cfg.run), cfg.cache.root, cfg.cache.num_workers)
    projection: Projection = instantiate(cfg.projection)
    trainer = predicting_trainer(**settings_of(cfg.trainer))
    catalogue, folder = chosen_songs(cfg, run)
    tracks, songs, broken = read_songs(catalogue, run)
    if trainer.is_global_zero:
        logger.info("%s: songs to embed: %d", run.folder, len(songs))
    means = embed_songs(run, songs, trainer)
    leave_group()
    if trainer.is_global_zero:
        tracks = tracks if folder == run.folder else with_sides(tracks, songs, run)
        drawn, told = draw(projection, run, folder, songs, means)
        embeddings = Embeddings(tracks, run.genres, means.probabilities, means.vectors, drawn.positions)
        own = own_songs(run, folder, embeddings)
        separation = measure(embeddings, own, cfg.neighbours)
        shown = embeddings if own is None or own is embeddings else before_own_songs(embeddings, drawn, run, own)
        files = write_results(run, folder, embeddings, drawn, shown, separation.figures, audio=cfg.audio)
        tell(separation, told, broken, files)


def check(cfg: DictConfig) -> None:
    """Raise UserError for settings that cannot work, before any work is done."""
    check_types(cfg)
    check_accelerator(cfg.trainer.accelerator)
    check_number(cfg, "neighbours", 1)
    check_type("audio", cfg.audio, bool)


def settings_of(node: DictConfig) -> dict[str, Any]:
    """A group's settings as plain values, without the class behind it."""
    settings: Any = OmegaConf.to_container(node, resolve=True)
    return {name: value for name, value in settings.items() if not name.startswith("_")}


def chosen_songs(cfg: DictConfig, run: Run) -> tuple[Catalogue, Path]:
    """The run's own songs, or those of `data` where it names any; and the folder for what is made of them."""
    if not OmegaConf.is_missing(cfg.data, "root"):
        return instantiate(cfg.data)(), run.folder / OTHERS / folder_name(cfg.data)
    if cfg.data.get("genres") is not None:
        raise UserError("data.genres goes with data.root; of a run's own songs all genres are embedded")
    if not cfg.data._target_.endswith(".folder"):
        raise UserError("data.root is not set; add data.root=..., or leave data out to map the run's own songs")
    return run.catalogue, run.folder


def folder_name(data: DictConfig) -> str:
    """A name for a choice of songs that no other choice has."""
    chosen: Any = OmegaConf.to_container(data, resolve=True)
    if "root" in chosen:
        chosen["root"] = Path(chosen["root"]).expanduser().resolve().as_posix()
    digest = hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:6]
    return f"{Path(chosen.get('root', chosen['_target_'])).name}-{digest}"


def read_songs(catalogue: Catalogue, run: Run) -> tuple[Catalogue, list[CachedSong], dict[Path, str]]:
    """Compute the features that are missing; returns the songs that can be read, and why the others cannot."""
    found = run.cache.build([track.path for track in catalogue])
    readable = [(track, song) for track in catalogue if (song := run.cache.find(track.path))]
    paths = {track.path for track, _ in readable}
    changed = "has changed while it was read"
    broken = {track.path: found.get(track.path, changed) for track in catalogue if track.path not in paths}
    if not readable:
        path, reason = next(iter(broken.items()))
        raise UserError(f"no song can be read, of {len(catalogue)}; the first is {path}, which {reason}")
    tracks = [replace(with_tags(track, run.cache), path=track.path.absolute()) for track, _ in readable]
    return Catalogue(tracks), [song for _, song in readable], broken


def with_sides(tracks: Catalogue, songs: list[CachedSong], run: Run) -> Catalogue:
    """Give each song the side that its recording had in the run, whatever its source says; '' to all others.

    What the run's songs sound like is known as long as they are cached, or where they have been embedded.
    """
    sides = {song.digest: track.split for track in run.catalogue if (song := run.cache.find(track.path))}
    if (drawn := saved_map(run.folder)) is not None:
        embedded = read_embeddings(run.folder).tracks
        sides |= {digest: track.split for digest, track in zip(drawn.digests.tolist(), embedded, strict=True)}
    given = (sides.get(song.digest, "") for song in songs)
    return Catalogue([replace(track, split=side) for track, side in zip(tracks, given, strict=True)])


def draw(
    projection: Projection, run: Run, folder: Path, songs: list[CachedSong], means: SongMeans
) -> tuple[SongMap, str]:
    """The map of the songs: the one in `folder` where there is one; songs that are not the run's own go on its map."""
    digests = np.array([song.digest for song in songs])
    others = None if folder == run.folder else saved_map(run.folder)
    settings = map_settings(projection, run.fingerprint)
    return draw_map(projection, settings, digests, means.vectors, saved_map(folder), others)


def saved_map(folder: Path) -> SongMap | None:
    """The map in a folder; None where there is none that can be read."""
    if not (folder / ARRAYS).is_file():
        return None
    try:
        return read_map(read_arrays(folder))
    except UserError as error:
        logger.warning("%s", error)
        return None


def own_songs(run: Run, folder: Path, embeddings: Embeddings) -> Embeddings | None:
    """The run's own songs as the model sees them; None where they were not embedded yet, or by an older model."""
    if folder == run.folder:
        return embeddings
    drawn = saved_map(run.folder)
    return read_embeddings(run.folder) if drawn is not None and drawn.model == run.fingerprint else None


def before_own_songs(embeddings: Embeddings, drawn: SongMap, run: Run, own: Embeddings) -> Embeddings:
    """Songs that were placed on the run's map, and behind them the run's own that are not among them.

    A map that was drawn for these songs alone, or placed on an earlier one of the run, has other axes: there they are
    alone.
    """
    on_run_s_map = saved_map(run.folder)
    if on_run_s_map is None or drawn.base != on_run_s_map.fingerprint:
        return embeddings
    here = set(drawn.digests.tolist())
    behind = own.only([row for row, digest in enumerate(on_run_s_map.digests.tolist()) if digest not in here])
    tracks = [replace(track, split=style.BEHIND) for track in behind.tracks]
    return embeddings.followed_by(replace(behind, tracks=Catalogue(tracks)))


def write_results(
    run: Run, folder: Path, embeddings: Embeddings, drawn: SongMap, shown: Embeddings, figures: dict[str, float],
    *, audio: bool,
) -> list[Path]:  # fmt: skip
    """All that a user will look at, in the folder and in TensorBoard; returns the files to be named.

    `shown` are the songs on the map, of which the first are those of `embeddings`. Raises UserError where a file cannot
    be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        heard = excerpts(embeddings.tracks) if audio else ()
        pictures = draw_pictures(run, folder, shown, figures, heard)
        write_embeddings(embeddings, folder, **drawn.arrays)
        show_embeddings(run.folder, folder, embeddings)
    except OSError as error:
        name = error.filename2 or error.filename or folder
        hint = "; is it open in another program? Run again" if isinstance(error, PermissionError) else ""
        raise UserError(f"cannot write {name}: {error.strerror or error}{hint}") from None
    return [folder / ARRAYS, folder / TABLE, *pictures]


def draw_pictures(
    run: Run, folder: Path, embeddings: Embeddings, figures: dict[str, float], heard: Sequence[bytes | None]
) -> list[Path]:
    """The map as a picture and as a page, which holds the excerpts `heard` of the first songs."""
    title = run.folder.resolve().name if folder == run.folder else f"{run.folder.resolve().name}: {folder.name}"
    save_picture(map_picture(embeddings, figures, title), folder / PICTURE)
    by_artist = songs_by_artist(embeddings).values()
    means = np.array([embeddings.vectors[rows].mean(axis=0) for rows in by_artist])
    write_page(
        embeddings,
        nearest(embeddings.vectors, NEAREST_SHOWN),
        figures,
        title,
        folder / PAGE,
        nearest(means, NEAREST_SHOWN) if by_artist else None,
        heard,
    )
    return [folder / PICTURE, folder / PAGE]


def tell(separation: Separation, told: str, broken: dict[Path, str], files: list[Path]) -> None:
    """Print what came out, and what was left out."""
    left_out = [f"left out: {path} {reason}" for path, reason in broken.items()]
    if broken:
        left_out.append(f"songs that cannot be read: {len(broken)}")
    parts = [separation.summary(), told, "\n".join(left_out), "\n".join(map(str, files))]
    say("\n" + "\n\n".join(filter(None, parts)))
