"""The songs in TensorBoard's PROJECTOR tab."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from genre_lightning.command_line.quoting import in_shell
from genre_lightning.embed.embeddings import Embeddings
from genre_lightning.files import write_text_whole, write_whole

# What TensorBoard's projector reads: a file in the run's folder, and a folder for each set of songs.
PROJECTOR, PROJECTOR_CONFIG = "projector", "projector_config.pbtxt"
VECTORS, METADATA, BOOKMARKS = "vectors.tsv", "metadata.tsv", "bookmarks.json"
FILES = {"tensor_path": VECTORS, "metadata_path": METADATA, "bookmarks_path": BOOKMARKS}
COMPONENTS = 10  # of PCA, among which people choose in the PCA tab
# A bookmark has everything that can be set, or TensorBoard fails: here what it starts with.
UNCHANGED = {
    "tSNEIteration": 0, "tSNELearningRate": 1, "tSNEis3d": True,
    "umapIs3d": True, "umapNeighbors": 15, "umapMinDist": 0.1, "pcaComponentDimensions": [0, 1, 2],
    "customXLeftText": "", "customXRightText": "", "customYUpText": "", "customYDownText": "",
    "customXLeftRegex": False, "customXRightRegex": False, "customYUpRegex": False, "customYDownRegex": False,
    "selectedPoints": [], "cameraDef": {"orthographic": True, "position": [0, 0, 10], "target": [0, 0, 0], "zoom": 1},
}  # fmt: skip


def show_embeddings(run: Path, folder: Path, embeddings: Embeddings) -> None:
    """Show songs in the PROJECTOR tab, beside other sets of songs; `folder` is the run's, or one below it.

    SummaryWriter is not used: it would start a new file of events each time, and it fails if TensorFlow is installed.
    """
    from google.protobuf import text_format
    from tensorboard.plugins import projector

    shown = folder / PROJECTOR
    shown.mkdir(parents=True, exist_ok=True)
    write_whole(shown / VECTORS, lambda file: np.savetxt(file, embeddings.vectors, fmt="%.5g", delimiter="\t"))
    write_text_whole(shown / METADATA, "\n".join(metadata(embeddings)) + "\n", "replace")
    write_text_whole(shown / BOOKMARKS, json.dumps([bookmark(embeddings)]))
    config = projector.ProjectorConfig()
    for vectors in sorted(run.rglob(f"{PROJECTOR}/{VECTORS}"), key=lambda path: (len(path.parts), path)):
        found = {field: vectors.with_name(name) for field, name in FILES.items()}
        paths = {field: path.relative_to(run).as_posix() for field, path in found.items() if path.is_file()}
        config.embeddings.add(tensor_name=vectors.parent.parent.absolute().name, **paths)
    write_text_whole(run / PROJECTOR_CONFIG, text_format.MessageToString(config))


def metadata(embeddings: Embeddings) -> Iterator[str]:
    """What the projector shows of songs and colours them by: a line of column names, then a line for each song.

    No cell is empty: TensorBoard would show a 0 there.
    """
    yield "\t".join(["title", "artist", "genre", "predicted", "split"])
    for track, predicted in zip(embeddings.tracks, embeddings.predicted, strict=True):
        columns = (track.title or track.path.stem, track.artist, track.genre, predicted, track.split or "new")
        yield "\t".join(" ".join(text.split()) or "unknown" for text in columns)


def bookmark(embeddings: Embeddings) -> dict[str, Any]:
    """What one click shows: the songs where the map has them, coloured by genre.

    TensorBoard opens without colours whatever a bookmark says, and colours no more than 50 genres. It forgets its own
    PCA when it shows a bookmark, so that the PCA tab stays empty afterwards unless the bookmark brings it along.
    """
    columns = {f"linear-{axis}": column for axis, column in zip("xy", embeddings.positions.T, strict=True)}
    columns |= {f"pca-{number}": column for number, column in enumerate(components(embeddings.vectors).T)}
    rows = [[float(f"{value:.4g}") for value in row] for row in np.stack([*columns.values()], axis=1)]
    return UNCHANGED | {
        "label": "the map, coloured by genre",
        "dataSetDimensions": list(embeddings.vectors.shape),
        "tSNEPerplexity": max(5, math.ceil(math.sqrt(len(rows)) / 4)),  # what TensorBoard would choose
        "selectedProjection": "custom",
        "projections": [dict(zip(columns, row, strict=True)) for row in rows],
        "customSelectedSearchByMetadataOption": "title",
        "selectedLabelOption": "title",
        "selectedColorOptionName": "genre",
    }


def components(vectors: np.ndarray) -> np.ndarray:
    """The principal components as TensorBoard computes them, of vectors that are centred and brought to length 1."""
    centred = vectors - vectors.mean(axis=0)
    directions = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    _, axes = np.linalg.eigh(directions.T @ directions)
    return directions @ axes[:, : -COMPONENTS - 1 : -1]


def projector_hint(run: Path) -> list[str]:
    """Where else to look, in a line; nothing if the run has written nothing for TensorBoard."""
    if not any(run.glob("events.out.tfevents.*")):
        return []
    command = f"tensorboard --logdir {in_shell(str(run.parent))}"
    return [f"{command} (tab PROJECTOR; if it is running already, start it anew: it reads this only once)"]
