"""A minute in which people talk now and then, and how well a run that knows voices says when."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from docs.tasks.recording import Place
from docs.tasks.voice import SNR_DB, Speaker, play
from genre_lightning.demo.instruments import SAMPLE_RATE, Wave
from genre_lightning.errors import UserError
from genre_lightning.files import write_text_whole, write_whole

if TYPE_CHECKING:
    from genre_lightning import Predictor

KINDS = ("noise", "voice", "music", "voice on music", "silence", "voice")


def broadcast(seed: int, parts: int = 12) -> tuple[Wave, list[str]]:
    """Parts of 3 to 7 whole seconds, by speakers and in places that no clip has: `(samples,)`, and a label a second."""
    rng = np.random.default_rng([seed, 1_000_000])
    waves: list[Wave] = []
    labels: list[str] = []
    for number in range(parts):
        kind, seconds = KINDS[number % len(KINDS)], int(rng.integers(3, 8))
        waves.append(part(kind, seconds, rng))
        labels += seconds * [kind if kind == "silence" else "voice" if kind.startswith("voice") else "other"]
    return np.concatenate(waves).astype(np.float32), labels


def part(kind: str, seconds: int, rng: np.random.Generator) -> Wave:
    """Some seconds of one kind."""
    if kind == "silence":
        return np.zeros(seconds * SAMPLE_RATE)
    place = Place(rng)
    back = play(rng, seconds) if kind.endswith("music") else place.noise(seconds * SAMPLE_RATE, rng)
    if not kind.startswith("voice"):
        return place.heard(back, rng)
    return place.record(Speaker(rng).talk(seconds, rng), rng, rng.uniform(*SNR_DB), back)


def heard_by(run: Path, seed: int, folder: Path) -> list[tuple[str, str, float]]:
    """Write the minute as broadcast.flac and what a run hears in it as broadcast.csv into a folder.

    Returns for each second what it is, what the run takes it for, and the probability of a voice. Raises UserError.
    """
    import soundfile

    predictor, (wave, truth) = listener(run), broadcast(seed)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path := folder / "broadcast.flac", lambda file: soundfile.write(file, wave, SAMPLE_RATE, format="FLAC"))
    heard = predictor.predict(path, every_seconds=1.0).timeline
    rows = [(second.genre or "silence", second.probabilities.get("voice", 0.0)) for second in heard]
    seconds = [(label, *row) for label, row in zip(truth, rows, strict=True)]
    text = "".join(f"{label},{taken_for},{voice:.3f}\n" for label, taken_for, voice in seconds)
    write_text_whole(folder / "broadcast.csv", f"is,taken_for,voice\n{text}")
    return seconds


def listener(run: Path) -> "Predictor":
    """What hears voices by a run. Raises UserError if the run has learnt anything else."""
    from genre_lightning import Predictor

    predictor = Predictor(run)
    if set(predictor.spec.genres) != {"voice", "other"}:
        raise UserError(f"{run} has not learnt voice and other; name a run on what python -m docs.tasks voice makes")
    return predictor


def in_words(seconds: list[tuple[str, str, float]]) -> str:
    """How many of the seconds of each kind are taken for what they are."""
    kinds = dict.fromkeys(label for label, *_ in seconds)
    taken = {kind: [taken_for for label, taken_for, _ in seconds if label == kind] for kind in kinds}
    return ", ".join(f"{kind}: {found.count(kind)} of {len(found)} seconds right" for kind, found in taken.items())
