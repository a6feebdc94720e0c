"""The songs in TensorBoard's PROJECTOR tab."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from genre_lightning.embed.embeddings import Embeddings
from genre_lightning.files import write_text_whole, write_whole

# What TensorBoard's projector reads: a file in the run's folder, and a folder for each set of songs.
PROJECTOR, PROJECTOR_CONFIG = "projector", "projector_config.pbtxt"
VECTORS, METADATA = "vectors.tsv", "metadata.tsv"


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
    config = projector.ProjectorConfig()
    for vectors in sorted(run.rglob(f"{PROJECTOR}/{VECTORS}"), key=lambda path: (len(path.parts), path)):
        paths = {name: (vectors.parent / name).relative_to(run).as_posix() for name in (VECTORS, METADATA)}
        name = vectors.parent.parent.absolute().name
        config.embeddings.add(tensor_name=name, tensor_path=paths[VECTORS], metadata_path=paths[METADATA])
    write_text_whole(run / PROJECTOR_CONFIG, text_format.MessageToString(config))


def metadata(embeddings: Embeddings) -> Iterator[str]:
    """What the projector shows of songs and colours them by: a line of column names, then a line for each song."""
    yield "\t".join(["title", "artist", "genre", "predicted", "split"])
    for track, predicted in zip(embeddings.tracks, embeddings.predicted, strict=True):
        columns = (track.title or track.path.stem, track.artist, track.genre, predicted, track.split or "new")
        yield "\t".join(" ".join(text.split()) for text in columns)
