"""compose_song: from numbers to a waveform."""

import numpy as np

from genre_lightning.demo.habits import GENRES, draw_artist
from genre_lightning.demo.instruments import SAMPLE_RATE, Band, Wave
from genre_lightning.demo.mix import mix
from genre_lightning.demo.score import write_score

PRE_ROLL_SECONDS = (2.0, 4.0)  # played and cut off, so that no song begins with a silence or on the beat


def compose_song(seed: int, genre: str, artist: int, number: int, seconds: float, overlap: float) -> Wave:
    """The song of an artist of a genre, both by number: mono float32 at SAMPLE_RATE, the same for the same numbers."""
    who = draw_artist(genre, overlap, np.random.default_rng([seed, GENRES.index(genre), artist]))
    rng = np.random.default_rng([seed, GENRES.index(genre), artist, 1 + number])
    cut = round(rng.uniform(*PRE_ROLL_SECONDS) * SAMPLE_RATE)
    samples = cut + round(seconds * SAMPLE_RATE)
    score = write_score(who, samples / SAMPLE_RATE, rng)
    band = Band(who, rng)
    parts = {name: band.play(notes, samples) for name, notes in score.items()}
    return mix(parts, who.habits["production"], rng)[cut:]
