"""embed(cfg): from a finished run to the map of its songs, or of songs that its model never saw."""

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from genre_lightning.config import check_number, check_type, check_types
from genre_lightning.data.catalogue import Catalogue
from genre_lightning.data.sources.folder import existing_folder
from genre_lightning.data.tags import with_tags
from genre_lightning.devices import check_accelerator, leave_group
from genre_lightning.embed.descriptors import describe_songs
from genre_lightning.embed.embeddings import (
    ARRAYS,
    TABLE,
    Embeddings,
    MappedSongs,
    read_saved,
    write_embeddings,
    write_table,
)  # fmt: skip
from genre_lightning.embed.page.document import write_page
from genre_lightning.embed.page.excerpts import excerpts
from genre_lightning.embed.picture import DPI, map_picture
from genre_lightning.embed.projection import Projection
from genre_lightning.embed.projector import projector_hint, show_embeddings
from genre_lightning.embed.quality import ClusterMetrics, measure
from genre_lightning.embed.songmap import Recordings, SongMap, undrawn, update_map
from genre_lightning.embed.style import MapView, with_background
from genre_lightning.embed.title import map_title
from genre_lightning.embed.words import write_heard
from genre_lightning.errors import UserError
from genre_lightning.plotting import save_picture
from genre_lightning.runs.foreign import check_links
from genre_lightning.runs.run import Run, find_run, latest_run
from genre_lightning.text import printable, say

if TYPE_CHECKING:
    from genre_lightning.data.cache import CachedSong
    from genre_lightning.embed.embedder import SongMeans

LONGEST_NAME = 80  # of a folder for songs, before what tells it from others
logger = logging.getLogger(__name__)
LOGS = Path("logs")
PICTURE, PAGE = "map.png", "map.html"
OTHERS = "embeddings"  # the folder in a run's folder for songs that are not its own


@dataclass(frozen=True)
class SongSet:
    """The songs to embed, with their cached features, and why the `broken` files are not among them.

    The results go to `folder`, which is the run's if these are its `own` songs.
    """

    folder: Path
    own: bool
    tracks: Catalogue
    cached: "list[CachedSong]"
    broken: dict[Path, str]


class Saved(NamedTuple):
    """What was embedded before: these songs, and the run's own if these are others; None if there is nothing."""

    here: MappedSongs | None
    run: MappedSongs | None


def embed(cfg: DictConfig) -> None:
    """Embed the songs on all devices; on the first one, draw their map, measure it and write everything down.

    Raises UserError for what the user can put right, and if no song can be read.
    """
    run = chosen_run(cfg)
    check(cfg)
    projection: Projection = instantiate(cfg.projection)
    from genre_lightning.embed.embedder import predicting_trainer  # which take seconds to import
    from genre_lightning.embed.parts import embed_by_parts, forget_parts

    trainer = predicting_trainer(**settings_of(cfg.trainer))
    songs = read_songs(*chosen_songs(cfg, run), run)
    means = embed_by_parts(run, songs.cached, trainer, songs.folder)
    leave_group()
    if trainer.is_global_zero:
        saved = Saved(read_saved(songs.folder), None if songs.own else read_saved(run.folder))
        mapped, told = map_songs(projection, run, songs, means, saved)
        forget_parts(songs.folder)
        own = mapped if songs.own else saved.run
        metrics = measure(mapped.embeddings, embeddings_of(own, run), cfg.neighbours)
        view = map_view(run, songs, with_background(mapped, own), metrics, None if songs.own else cfg.data)
        files = write_results(run, songs, mapped, view, audio=cfg.audio)
        print_summary(metrics, told, songs.broken, [*map(str, files), *projector_hint(run.folder)])


def check(cfg: DictConfig) -> None:
    """Raise UserError for settings that cannot work, before any work is done."""
    check_number(cfg, "neighbours", 1)
    check_type("audio", cfg.audio, bool)
    check_type("trust", cfg.trust, bool)
    if not OmegaConf.is_missing(cfg.data, "root"):
        if not cfg.data.root:
            raise UserError("data.root: names no folder; leave it out to map the run's own songs")
        if not cfg.data._target_.endswith(".hub"):  # a set of a hub is fetched where there is nothing yet
            for root in [cfg.data.root] if isinstance(cfg.data.root, str) else cfg.data.root:
                existing_folder(root)
    check_types(cfg)
    check_accelerator(cfg.trainer.accelerator)


def chosen_run(cfg: DictConfig) -> Run:
    """The run whose songs are to be embedded. Raises UserError."""
    folder = latest_run(LOGS) if cfg.run is None else find_run(Path(cfg.run))
    run = Run(folder, cfg.cache.root, instantiate(cfg.engine), cfg.trust)
    run.check_has_model()
    if not cfg.trust:
        check_links(folder)
    return run


def settings_of(node: DictConfig) -> dict[str, Any]:
    """A config group's settings as plain values, without `_target_`."""
    settings: Any = OmegaConf.to_container(node, resolve=True)
    return {name: value for name, value in settings.items() if not name.startswith("_")}


def chosen_songs(cfg: DictConfig, run: Run) -> tuple[Catalogue, Path]:
    """The songs of `data` if it has a root, else the run's own songs; and the folder for the results."""
    if not OmegaConf.is_missing(cfg.data, "root"):
        return instantiate(cfg.data)(), run.folder / OTHERS / folder_name(cfg.data)
    if cfg.data.get("genres") is not None:
        raise UserError("data.genres goes with data.root; without data.root, all of the run's own songs are embedded")
    if not cfg.data._target_.endswith(".folder"):
        raise UserError("data.root is not set; add data.root=..., or leave data out to map the run's own songs")
    return run.catalogue, run.folder


def folder_name(data: DictConfig) -> str:
    """A name for a choice of songs that no other choice has."""
    chosen: Any = OmegaConf.to_container(data, resolve=True)
    roots = [chosen["root"]] if isinstance(chosen.get("root"), str) else chosen.get("root", [])
    places = [Path(root).expanduser().resolve() for root in roots]
    if places:
        chosen["root"] = places[0].as_posix() if len(places) == 1 else [place.as_posix() for place in places]
    digest = hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:6]
    name = "+".join(place.name for place in places) or chosen["_target_"]
    return f"{name[:LONGEST_NAME]}-{digest}"


def read_songs(catalogue: Catalogue, folder: Path, run: Run) -> SongSet:
    """Compute the features that are not cached yet. Raises UserError if no song can be read."""
    found = run.cache.build([track.path for track in catalogue])
    readable = [(track, song) for track in catalogue if (song := run.cache.find(track.path))]
    paths = {track.path for track, _ in readable}
    changed = "changed while it was being read"
    broken = {track.path: found.get(track.path, changed) for track in catalogue if track.path not in paths}
    if not readable:
        path, reason = next(iter(broken.items()))
        raise UserError(f"none of the {len(catalogue)} songs can be read; the first is {path}, which {reason}")
    known = with_tags(Catalogue([track for track, _ in readable]), run.cache.root)
    tracks = [replace(track, path=track.path.absolute()) for track in known]
    return SongSet(folder, folder == run.folder, Catalogue(tracks), [song for _, song in readable], broken)


def map_songs(
    projection: Projection, run: Run, songs: SongSet, means: "SongMeans", saved: Saved
) -> tuple[MappedSongs, str]:
    """The songs on their map, and a sentence on how the map came about; what the model makes of them is saved first."""
    digests, heard = np.array([song.digest for song in songs.cached]), describe_songs(run.cache, songs.cached)
    recordings = Recordings(digests, means.vectors, heard, [track.artist for track in songs.tracks])
    tracks = songs.tracks if songs.own else with_splits(songs, run, saved.run)

    def lying(where: SongMap) -> MappedSongs:
        arrays = means.probabilities, means.vectors, where.positions, where.digests, heard
        return MappedSongs(Embeddings(tracks, run.spec.genres, *arrays), where)

    earlier, run_map = (one.song_map.drawn if one is not None else None for one in saved)
    if saved.here is None or not saved.here.are(digests, run.fingerprint):
        with told_if_unwritable(songs.folder):
            write_embeddings(lying(undrawn(projection, run.fingerprint, recordings, earlier)), songs.folder)
    song_map, told = update_map(projection, run.fingerprint, recordings, earlier, run_map)
    return lying(song_map), told


def with_splits(songs: SongSet, run: Run, own: MappedSongs | None) -> Catalogue:
    """Give each song the split that its recording had in the run; '' to all others.

    The run's recordings are known if their features are cached, or if they were embedded: `own`.
    """
    splits = {song.digest: track.split for track in run.catalogue if (song := run.cache.find(track.path))}
    if own is not None:
        known = zip(own.song_map.digests.tolist(), own.embeddings.tracks, strict=True)
        splits |= {digest: track.split for digest, track in known}
    pairs = zip(songs.tracks, songs.cached, strict=True)
    return Catalogue([replace(track, split=splits.get(song.digest, "")) for track, song in pairs])


def embeddings_of(own: MappedSongs | None, run: Run) -> Embeddings | None:
    """The run's own songs; None if they were not embedded yet, or by an older model."""
    return own.embeddings if own is not None and own.song_map.model == run.fingerprint else None


def map_view(run: Run, songs: SongSet, shown: Embeddings, metrics: ClusterMetrics, data: DictConfig | None) -> MapView:
    """What the picture and the page show; `data` has chosen the songs if they are not the run's own."""
    source = Path(run.folder.resolve().name, songs.folder.relative_to(run.folder)).as_posix()
    return MapView(shown, metrics.figures, map_title(run, len(songs.cached), data), printable(source))


def write_results(run: Run, songs: SongSet, mapped: MappedSongs, view: MapView, *, audio: bool) -> list[Path]:
    """Write everything into the songs' folder and TensorBoard; returns the files that a user will want to open.

    Raises UserError if a file cannot be written.
    """
    folder = songs.folder
    with told_if_unwritable(folder):
        write_embeddings(mapped, folder)
        write_heard(run.cache, songs.cached, folder)
        save_picture(map_picture(view), folder / PICTURE, dpi=DPI)
        write_page(view, folder / PAGE, excerpts(songs.tracks) if audio else ())
        write_table(mapped.embeddings, folder / TABLE)  # may be open in another program that locks it
        show_embeddings(run.folder, folder, mapped.embeddings)
    return [folder / name for name in (ARRAYS, TABLE, PICTURE, PAGE)]


@contextmanager
def told_if_unwritable(folder: Path) -> Iterator[None]:
    """Turn what the system says of a file that cannot be written into UserError."""
    try:
        yield
    except OSError as error:
        name = error.filename2 or error.filename or folder
        hint = "; is it open in another program? Close it and run again" if isinstance(error, PermissionError) else ""
        raise UserError(f"cannot write {name}: {error.strerror or error}{hint}") from None


def print_summary(metrics: ClusterMetrics, told: str, broken: dict[Path, str], places: list[str]) -> None:
    """Print the metrics, how the map came about, which files cannot be read and where to look."""
    left_out = [f"left out: {path} {reason}" for path, reason in broken.items()]
    if broken:
        left_out.append(f"songs that cannot be read: {len(broken)}")
    say("\n" + "\n\n".join(filter(None, [metrics.summary(), told, "\n".join(left_out), "\n".join(places)])))
