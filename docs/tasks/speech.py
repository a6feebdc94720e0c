"""Who speaks, in which language, which word: sentences that espeak-ng says, which has to be installed."""

import subprocess
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

import numpy as np

from docs.tasks.recording import Clip, Place
from genre_lightning.audio.reading import read_audio
from genre_lightning.demo.instruments import SAMPLE_RATE, Wave
from genre_lightning.errors import UserError

PROGRAM = "espeak-ng"
# Its variants of a voice: other formants, another pitch.
VOICES = (
    *("f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"),
    *("klatt", "klatt3", "Andy", "Annie", "Gene", "Lee", "Michael"),
)
SPEAKERS = {
    "ann": "f2",
    "bob": "m1",
    "cleo": "f5",
    "dan": "m3",
    "eve": "Annie",
    "fred": "m7",
    "gus": "klatt",
    "hal": "Lee",
}
LANGUAGES = {"english": "en-us", "french": "fr-fr", "german": "de", "italian": "it", "russian": "ru", "spanish": "es"}
WAKE_WORD = "computer"
OTHER_WORDS = (
    *("commuter", "compute", "competitor", "confuser", "computing", "pewter"),  # which are easily taken for it
    *("music", "weather", "yesterday", "remember", "stop", "hello"),
)
SENTENCES = (
    ("the old farmer", "my neighbour", "a tall woman", "our teacher", "the youngest child", "nobody", "the captain"),
    ("found", "has forgotten", "will sell", "never liked", "painted", "is looking for", "lost"),
    ("a small key", "the yellow bicycle", "two loaves of bread", "an umbrella", "the letter", "that picture"),
    ("behind the station", "on a rainy morning", "near the river", "last winter", "under the bridge", "in the garden"),
)


def say(text: str, voice: str, pitch: float = 50, words_a_minute: float = 170) -> Wave:
    """What a voice of espeak-ng makes of a text, as `(samples,)` without the silence around it. Raises UserError."""
    if which(PROGRAM) is None:
        raise UserError(f"this task needs {PROGRAM}, which is not installed: apt or brew install {PROGRAM}")
    with TemporaryDirectory() as folder:
        spoken = Path(folder) / "spoken.wav"
        how = ["-v", voice, "-p", f"{pitch:.0f}", "-s", f"{words_a_minute:.0f}", "-w", str(spoken)]
        subprocess.run([PROGRAM, *how, text], check=True)
        wave = read_audio(spoken, SAMPLE_RATE)
    loud = np.flatnonzero(np.abs(wave) > 0.01 * np.abs(wave).max())
    return wave[loud[0] : loud[-1]]


def placed(wave: Wave, seconds: float, rng: np.random.Generator) -> Wave:
    """A sound at a random place in a clip of `seconds`, or as much of it as fits."""
    samples = round(seconds * SAMPLE_RATE)
    clip, start = np.zeros(samples), int(rng.integers(max(1, samples - len(wave))))
    clip[start : start + len(wave)] = wave[: samples - start]
    return clip


def speakers(seed: int, groups: int = 8, each: int = 4) -> Iterator[Clip]:
    """Sentences of each speaker. The speaker is the label; a group is a day: a room, a microphone, a mood, a pace."""
    for (name, voice), day in product(SPEAKERS.items(), range(groups)):
        rng = np.random.default_rng([seed, *name.encode(), day])
        place, pitch, pace = Place(rng), rng.normal(50, 6), rng.uniform(140, 200)
        for _ in range(each):
            sentence = " ".join(str(rng.choice(words)) for words in SENTENCES)
            # No sentence at quite the pitch and pace of another: else what they share were a recording twice.
            said = say(sentence, f"en+{voice}", rng.normal(pitch, 5), pace * rng.uniform(0.9, 1.1))
            spoken = placed(said, 3.5, rng)
            yield Clip(place.record(spoken, rng, rng.uniform(5, 25)), name, f"{name} day {day + 1}")


def languages(seed: int, groups: int = len(VOICES), each: int = 3) -> Iterator[Clip]:
    """Numbers as each language reads them. A group is a speaker, who speaks all languages, each in another place."""
    for voice, (language, code) in product(VOICES[:groups], LANGUAGES.items()):
        rng = np.random.default_rng([seed, *voice.encode(), *code.encode()])
        place, pitch, pace = Place(rng), rng.normal(50, 6), rng.uniform(140, 200)
        for _ in range(each):
            numbers = " ".join(map(str, rng.integers(100, 1_000_000, size=3)))
            said = say(numbers, f"{code}+{voice}", rng.normal(pitch, 5), pace * rng.uniform(0.9, 1.1))
            spoken = placed(said, 4.0, rng)
            yield Clip(place.record(spoken, rng, rng.uniform(5, 25)), language, f"voice {voice}")


def wake_word(seed: int, groups: int = len(VOICES), each: int = 6) -> Iterator[Clip]:
    """One word `each` times, and other words as often, by many voices; a group is a voice."""
    for voice in VOICES[:groups]:
        rng = np.random.default_rng([seed, *voice.encode()])
        for word in [*each * [WAKE_WORD], *some(OTHER_WORDS, each, rng)]:
            spoken = say(word, f"en+{voice}", rng.normal(50, 12), rng.uniform(120, 210))
            recorded = Place(rng).record(placed(spoken, 1.2, rng), rng, rng.uniform(5, 25))
            yield Clip(recorded, WAKE_WORD if word == WAKE_WORD else "other", f"voice {voice}")


def some(words: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    """As many of the words, all of them once before any comes again."""
    shuffled = [str(word) for _ in range(count // len(words) + 1) for word in rng.permutation(words)]
    return shuffled[:count]
