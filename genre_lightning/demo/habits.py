"""What an artist does in every song: eight habits, each drawn from what is usual in a genre.

A bar is sixteen steps. Drums and chords: X loud, x normal, o soft, ? soft and only perhaps, . nothing; chords also take
digits, one note of the chord each. Bass: r root, t third, f fifth, u octave, w walks on to the next root.
"""

from typing import Any, NamedTuple

import numpy as np


class Tempo(NamedTuple):
    """The second of a pair of eighths (`swung_steps` 2) or sixteenths (1) comes at the part `swing` of the pair."""

    bpm: tuple[float, float]
    swing: tuple[float, float]
    swung_steps: int


class Line(NamedTuple):
    """A part with the same steps in every bar; a note is held for the part `held` of the time to the next."""

    instrument: str
    steps: str
    held: float


class Harmony(NamedTuple):
    """A chord a bar: semitones above the key, and one of score.CHORDS; and the scale of the melodies, in semitones."""

    chords: str
    scale: tuple[int, ...]


class Melody(NamedTuple):
    """A part that invents its notes: the probability of one at a step, how far it leaps, how many bars it repeats."""

    instrument: str
    density: float
    every_steps: int
    leap: float
    held: float
    bars: int = 1000


class Production(NamedTuple):
    """The drive of chords and lead, how dull the chords are, the probability of a crackling record, more bass."""

    drive: float
    chords_low_pass_hz: tuple[float, float]
    vinyl: float
    bass_db: float


MINOR, DORIAN, MAJOR = (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 9, 10), (0, 2, 4, 5, 7, 9, 11)
PENTATONIC, BLUES, BEBOP = (0, 3, 5, 7, 10), (0, 3, 5, 6, 7, 10), (0, 2, 3, 4, 5, 7, 9, 10, 11)
HABITS: dict[str, dict[str, list[Any]]] = {
    "hiphop": {
        "groove": [{"kick": "X.....?..?X.....", "snare": "....X.......X..?", "hat": "x.o.x.o.x.o.x.o."},
                   {"kick": "X..x...?..X..x..", "snare": "....X..o.o..X...", "hat": "x.x.x.x.x.xxx.x."},
                   {"kick": "X......x..?...x.", "clap": "........X.......", "hat": "xoxoxoxoxoxxxoxx"},
                   {"kick": "X.x....X..x.....", "rim": "....X.......X...", "hat": "x.xox.xox.xox.xo"}],
        "tempo": [Tempo((72, 104), (0.5, 0.62), 1), Tempo((128, 150), (0.5, 0.53), 1)],
        "bass": [Line("sub", "r.....r...f.....", 1.0), Line("sub", "r.........r..u..", 1.0),
                 Line("bass", "r..r......u.f...", 0.8), Line("upright", "r.....f...r.t...", 0.8)],
        "harmony": [Harmony("0/m7 8/M7", MINOR), Harmony("0/m9 0/m9 5/m7 5/m7", DORIAN),
                    Harmony("0/m 10/M 8/M 7/7", MINOR), Harmony("2/m9 7/13", MAJOR)],
        "accompaniment": [Line("rhodes", "X.....x...x.....", 0.9), Line("piano", "X..x..x.....x...", 0.5),
                          Line("strings", "X.......X...x...", 1.0), Line("pluck", "0.1.2.1.0.2.1.2.", 0.7)],
        "lead": [Melody("flute", 0.25, 2, 1.5, 0.8, 2), Melody("bell", 0.35, 2, 2.5, 0.9, 1),
                 Melody("synth", 0.3, 1, 1.5, 0.7, 2)],
        "voice": [Melody("voice", 0.75, 1, 0.5, 0.6), Melody("voice", 0.6, 1, 0.8, 0.7)],
        "production": [Production(0.0, (1500, 5000), 0.2, 5), Production(0.0, (2000, 7000), 0.1, 4)],
    },
    "jazz": {
        "groove": [{"ride": "X...x.x.X...x.x.", "hat": "....x.......x...", "snare": "?..?..?...?..??."},
                   {"ride": "x...x.x.x.x.x.x.", "kick": "o...?...o...?...", "rim": "............x..."},
                   {"brush": "X...x.o.X...x.o.", "hat": "....x.......x...", "kick": "o.......o......."},
                   {"hat": "x.x.x.x.x.x.x.x.", "rim": "X..x..x...x..x..", "kick": "X..xX..xX..xX..x"}],
        "tempo": [Tempo((84, 168), (0.58, 0.68), 2), Tempo((168, 220), (0.55, 0.62), 2)],
        "bass": [Line("upright", "r...w...w...w...", 0.95), Line("upright", "r...f.w.r...w...", 0.95),
                 Line("upright", "r.....f.r.....f.", 0.9)],
        "harmony": [Harmony("2/m9 7/13 0/M9 9/7", BEBOP), Harmony("0/m9 0/m9 0/m9 0/m9 1/m9 1/m9 0/m9 0/m9", DORIAN),
                    Harmony("0/7 5/9 0/7 0/7 5/9 5/9 0/7 9/7 2/m9 7/13 0/7 7/13", BLUES)],
        "accompaniment": [Line("piano", "..?...x....?..?.", 0.5), Line("piano", "x..?...?..x.....", 0.6),
                          Line("guitar", "o...x...o...x...", 0.5), Line("vibes", "..x....?......?.", 1.0)],
        "lead": [Melody("sax", 0.7, 2, 1.8, 0.95), Melody("trumpet", 0.6, 2, 2.2, 0.85),
                 Melody("piano", 0.75, 2, 2.0, 0.7), Melody("vibes", 0.6, 2, 2.5, 1.0)],
        "voice": [Melody("voice", 0.35, 2, 1.5, 1.0), Melody("voice", 0.25, 4, 1.8, 1.0)],
        "production": [Production(0.0, (4000, 9000), 0.1, 0), Production(0.0, (2500, 7000), 0.2, 0)],
    },
    "rock": {
        "groove": [{"kick": "X.......X.x.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
                   {"kick": "X.....x.X.......", "snare": "....X.......X...", "ride": "x...x...x...x..."},
                   {"kick": "X.x.....X.x...x.", "snare": "....X.......X...", "open": "x...x...x...x..."},
                   {"kick": "X.x...x.X.x...x.", "tom": "........X.......", "hat": "X...X...X...X..."}],
        "tempo": [Tempo((80, 148), (0.5, 0.53), 2), Tempo((138, 172), (0.5, 0.52), 2)],
        "bass": [Line("bass", "r.r.r.r.r.r.r.r.", 0.9), Line("bass", "r.....r.r.r...f.", 0.9),
                 Line("bass", "r...r...r...f.u.", 0.9)],
        "harmony": [Harmony("0/5 7/5 9/5 5/5", PENTATONIC), Harmony("0/5 10/5 5/5 0/5", BLUES),
                    Harmony("0/M 5/M 9/m 7/M", MAJOR)],
        "accompaniment": [Line("guitar", "XoxoXoxoXoxoXoxo", 0.5), Line("guitar", "X.x.x.x.X.x.x.x.", 0.8),
                          Line("guitar", "0.1.2.1.0.1.2.1.", 1.0), Line("organ", "X.......X.......", 1.0)],
        "lead": [Melody("guitar", 0.45, 2, 1.3, 1.0), Melody("guitar", 0.6, 2, 1.6, 0.9, 2),
                 Melody("organ", 0.4, 2, 1.4, 0.9)],
        "voice": [Melody("voice", 0.45, 2, 1.0, 0.95), Melody("voice", 0.4, 4, 1.2, 1.0, 2)],
        "production": [Production(6.0, (3600, 5800), 0.1, 0), Production(2.5, (3600, 6500), 0.1, 0)],
    },
}  # fmt: skip
GENRES = tuple(HABITS)


class Artist(NamedTuple):
    """An artist's habits, and what makes the sound their own."""

    habits: dict[str, Any]
    bpm: float
    brightness: float  # by how much all spectra fall less steeply
    drum_tuning: float
    drum_length: float
    voice_pitch: float


def draw_artist(genre: str, overlap: float, rng: np.random.Generator) -> Artist:
    """An artist of `genre`. Each habit is another genre's with the probability `overlap`, at most half of them."""
    names = list(HABITS[genre])
    borrowed = rng.permutation([name for name in names if rng.random() < overlap])[: len(names) // 2]
    others = [other for other in GENRES if other != genre]
    sources = {name: str(rng.choice(others)) if name in borrowed else genre for name in names}
    options = {name: HABITS[source][name] for name, source in sources.items()}
    habits = {name: choices[rng.integers(len(choices))] for name, choices in options.items()}
    return Artist(
        habits,
        bpm=rng.uniform(*habits["tempo"].bpm),
        brightness=rng.normal(0, 0.12),
        drum_tuning=2 ** rng.normal(0, 0.12),
        drum_length=2 ** rng.normal(0, 0.2),
        voice_pitch=rng.choice([48, 57]) + rng.uniform(-3, 3),
    )
