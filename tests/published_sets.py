"""Published sets of songs as people put them on a hub: folders of songs, and parquet files that hold them."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import soundfile
from conftest import SAMPLE_RATE, compose_song

FIRST = {"train": 0, "validation": 100, "test": 200}  # of the songs of a split
SOUNDS = {"jazz": "tones", "rock": "noise"}


def wav(genre, number, seconds=0.3):
    """A song as the bytes of a WAV file."""
    file = io.BytesIO()
    soundfile.write(file, compose_song(SOUNDS.get(genre, genre), number, seconds), SAMPLE_RATE, format="WAV")
    return file.getvalue()


def write_parquet(path, rows):
    """Rows as a parquet file; sound is what is a dictionary of bytes and path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path.parent


def rows(count, split="train", **columns):
    """So many rows of both genres, each by an artist of its own, in five folds."""
    found = []
    for number in range(count):
        genre = ("jazz", "rock")[number % 2]
        audio = {"bytes": wav(genre, FIRST[split] + number), "path": f"{split}_song {number}.wav"}
        own = {"audio": audio, "genre": genre, "artist": f"{split} {number}", "fold": 1 + number // 2 % 5}
        found.append(own | columns)
    return found
