"""Is somebody talking: a voice made of harmonics and formants, in places with noise and music."""

from collections.abc import Iterator

import numpy as np

from docs.tasks.recording import Clip, Place
from genre_lightning.demo.habits import GENRES, draw_artist
from genre_lightning.demo.instruments import SAMPLE_RATE, VOWELS_HZ, Band, Wave, band_noise, formants
from genre_lightning.demo.mix import mix
from genre_lightning.demo.score import write_score

SECONDS = 5.0
HIGHEST_HZ = 5000
SNR_DB = (-8, 12)  # of a voice to what is heard behind it


class Speaker:
    """Somebody's voice: its pitch, the length of the throat, and how fast it talks."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.hertz = float(np.exp(rng.uniform(np.log(85), np.log(260))))
        self.throat = rng.uniform(0.85, 1.2)
        self.syllable_seconds = rng.uniform(0.13, 0.22)
        self.breath = rng.uniform(0.02, 0.1)

    def talk(self, seconds: float, rng: np.random.Generator) -> Wave:
        """Phrases of syllables without meaning, with short pauses, as `(samples,)`."""
        speech, wanted = [np.zeros(0)], seconds * SAMPLE_RATE
        while sum(map(len, speech)) < wanted:
            syllables = int(rng.integers(4, 12))
            speech += [self.syllable(1.15 - 0.3 * done / syllables, rng) for done in range(syllables)]
            speech.append(np.zeros(int(rng.uniform(0.1, 0.3) * SAMPLE_RATE)))
        return np.concatenate(speech)[: round(wanted)]

    def syllable(self, height: float, rng: np.random.Generator) -> Wave:
        """A consonant, which is noise, and two vowels that glide into each other, `height` times the usual pitch."""
        samples = round(self.syllable_seconds * rng.uniform(0.7, 1.4) * SAMPLE_RATE)
        vowel = self.vowel(samples, self.hertz * height * rng.uniform(0.94, 1.06), rng)
        hiss = round(rng.uniform(0.02, 0.09) * SAMPLE_RATE)
        low_hz = rng.uniform(1500, 4500)
        consonant = rng.uniform(0.1, 0.5) * band_noise(hiss, (low_hz, 2 * low_hz), rng) * np.hanning(hiss)
        return np.concatenate([consonant, vowel])

    def vowel(self, samples: int, hertz: float, rng: np.random.Generator) -> Wave:
        """Harmonics of a pitch that moves, each as loud as the throat lets it through: power 1."""
        numbers = np.arange(1, int(HIGHEST_HZ / hertz) + 1)[:, None]
        pitch = hertz * np.linspace(1, rng.uniform(0.9, 1.1), samples)
        first, second = (
            formants(numbers * hertz, tuple(int(peak * self.throat) for peak in VOWELS_HZ[vowel])) / numbers**0.5
            for vowel in rng.choice(len(VOWELS_HZ), 2)
        )
        levels = first + (second - first) * np.linspace(0, 1, samples)
        wave = (levels * np.sin(numbers * 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE)).sum(axis=0)
        wave += self.breath * wave.std() * rng.standard_normal(samples)
        return wave / wave.std() * np.sin(np.pi * np.linspace(0, 1, samples)) ** 0.3


def play(rng: np.random.Generator, seconds: float) -> Wave:
    """Music of a composed artist without the singer, since a voice that sings is a voice."""
    artist = draw_artist(str(rng.choice(GENRES)), 0.0, rng)
    score = write_score(artist, seconds, rng) | {"voice": []}
    band = Band(artist, rng)
    parts = {name: band.play(notes, round(seconds * SAMPLE_RATE)) for name, notes in score.items()}
    return mix(parts, artist.habits["production"], rng)


def voice(seed: int, groups: int = 24, each: int = 4) -> Iterator[Clip]:
    """Clips with a voice above noise or music, and as many without one; a speaker is a group, and so is a place."""
    for group in range(groups):
        rng = np.random.default_rng([seed, group])
        speaker, places = Speaker(rng), (Place(rng), Place(rng))
        for number in range(each):
            talk, rest = speaker.talk(SECONDS, rng), behind(places[0], number, rng)
            yield Clip(places[0].record(talk, rng, rng.uniform(*SNR_DB), rest), "voice", f"speaker {group + 1}")
            yield Clip(places[1].heard(behind(places[1], number, rng), rng), "other", f"place {group + 1}")


def behind(place: Place, number: int, rng: np.random.Generator) -> Wave:
    """What is heard where nobody talks: in every second clip music, else the place's noise."""
    return play(rng, SECONDS) if number % 2 else place.noise(round(SECONDS * SAMPLE_RATE), rng)
