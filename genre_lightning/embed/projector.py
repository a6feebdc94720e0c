"""The songs in TensorBoard's PROJECTOR tab."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from genre_lightning.embed.embeddings import Embeddings

# What TensorBoard's projector reads: a file in the run's folder, and a folder for each set of songs.
PROJECTOR, PROJECTOR_CONFIG = "projector", "projector_config.pbtxt"
VECTORS, METADATA = "vectors.tsv", "metadata.tsv"


def show_embeddings(run: Path, folder: Path, embeddings: Embeddings) -> None:
    """The songs in the PROJECTOR tab, beside other sets of songs; `folder` is the run's, or one below it.

    Written here, since SummaryWriter would start a file of events each time, and fails where TensorFlow is installed.
    """
    from google.protobuf import text_format
    from tensorboard.plugins import projector

    place = folder / PROJECTOR
    place.mkdir(parents=True, exist_ok=True)
    np.savetxt(place / VECTORS, embeddings.vectors, fmt="%.5g", delimiter="\t")
    (place / METADATA).write_text("\n".join(metadata(embeddings)) + "\n", encoding="utf-8", errors="replace")
    config = projector.ProjectorConfig()
    for vectors in sorted(run.rglob(f"{PROJECTOR}/{VECTORS}"), key=lambda path: (len(path.parts), path)):
        paths = {name: (vectors.parent / name).relative_to(run).as_posix() for name in (VECTORS, METADATA)}
        config.embeddings.add(
            tensor_name=vectors.parent.parent.absolute().name, tensor_path=paths[VECTORS], metadata_path=paths[METADATA]
        )
    (run / PROJECTOR_CONFIG).write_text(text_format.MessageToString(config), encoding="utf-8")


def metadata(embeddings: Embeddings) -> Iterator[str]:
    """What the projector can show and colour songs by, a line each under a line of names."""
    yield "\t".join(["title", "artist", "genre", "predicted", "split"])
    for track, predicted in zip(embeddings.tracks, embeddings.predicted, strict=True):
        columns = (track.title or track.path.stem, track.artist, track.genre, predicted, track.split or "new")
        yield "\t".join(" ".join(text.split()) for text in columns)
