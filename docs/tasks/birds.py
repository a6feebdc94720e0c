"""Which bird is it: invented species that differ in how their notes slide and in their rhythm."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from docs.tasks.recording import Clip, Place
from genre_lightning.demo.instruments import SAMPLE_RATE, Wave

SECONDS = 5.0


class Note(NamedTuple):
    """A whistle that slides from one frequency to another, and the silence behind it."""

    from_hz: float
    to_hz: float
    seconds: float
    gap_seconds: float


# Two pairs have the same notes: those of one pair are mirrored in time, those of the other come in another rhythm. A
# mean over time cannot tell them apart.
SPECIES: dict[str, list[Note]] = {
    "trillet": 10 * [Note(5200, 3400, 0.06, 0.04)],
    "risling": 10 * [Note(3400, 5200, 0.06, 0.04)],
    "seesaw": 4 * [Note(4300, 4300, 0.10, 0.05), Note(3100, 3100, 0.10, 0.05)],
    "hobbler": 2 * [*2 * [Note(4300, 4300, 0.10, 0.02)], *2 * [Note(3100, 3100, 0.10, 0.02)], Note(0, 0, 0.0, 0.12)],
    "fluter": [Note(1900, 2500, 0.3, 0.08), Note(2500, 1700, 0.35, 0.08), Note(1700, 2900, 0.25, 0.1)],
}


class Bird:
    """An individual: its species, its pitch, its tempo, and the place where it sings."""

    def __init__(self, species: str, rng: np.random.Generator) -> None:
        self.notes, self.place = SPECIES[species], Place(rng)
        self.pitch, self.tempo = rng.uniform(0.87, 1.15), rng.uniform(0.85, 1.2)

    def sing(self, seconds: float, rng: np.random.Generator) -> Wave:
        """Its phrase again and again, with pauses, as `(samples,)`."""
        song = [np.zeros(int(rng.uniform(0, 0.6) * SAMPLE_RATE))]
        while sum(map(len, song)) < seconds * SAMPLE_RATE:
            song += [whistle(note, self.pitch * rng.normal(1, 0.01), self.tempo) for note in self.notes]
            song.append(np.zeros(int(rng.uniform(0.3, 0.9) * SAMPLE_RATE)))
        return np.concatenate(song)[: round(seconds * SAMPLE_RATE)]


def whistle(note: Note, pitch: float, tempo: float) -> Wave:
    """A note with its gap: the phase is the sum of the frequencies, which change evenly in octaves."""
    samples, gap = round(note.seconds / tempo * SAMPLE_RATE), round(note.gap_seconds / tempo * SAMPLE_RATE)
    hertz = pitch * np.geomspace(note.from_hz, note.to_hz, samples) if samples else np.zeros(0)
    phase = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE
    wave = (np.sin(phase) + 0.1 * np.sin(2 * phase)) * np.sin(np.pi * np.linspace(0, 1, samples)) ** 0.5
    return np.concatenate([wave, np.zeros(gap)])


def birds(seed: int, groups: int = 12, each: int = 4) -> Iterator[Clip]:
    """Recordings of each species: `groups` individuals, `each` of them recorded as often, others sing behind it."""
    for number, species in enumerate(SPECIES):
        for individual in range(groups):
            rng = np.random.default_rng([seed, number, individual])
            bird = Bird(species, rng)
            for _ in range(each):
                behind = bird.place.noise(round(SECONDS * SAMPLE_RATE), rng)
                other = Bird(str(rng.choice(list(SPECIES))), rng).sing(SECONDS, rng)
                behind += rng.uniform(0, 0.5) * other / other.std()
                recorded = bird.place.record(bird.sing(SECONDS, rng), rng, rng.uniform(-3, 15), behind)
                yield Clip(recorded, species, f"{species} {individual + 1}")
