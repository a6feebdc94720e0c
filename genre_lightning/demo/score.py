"""From an artist's habits to the notes of a song."""

from typing import NamedTuple

import numpy as np

from genre_lightning.demo.habits import Artist, Line, Melody

STEPS = 16  # of a bar, a beat has four
LOUDNESS = {"X": 1.0, "x": 0.7, "o": 0.35, "?": 0.4}
INTERVALS = {"r": 0, "f": 7, "u": 12}
CHORDS = {
    "5": (0, 7, 12), "M": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 10, 16), "9": (0, 4, 10, 14), "13": (0, 4, 10, 14, 21),
    "m7": (0, 3, 7, 10), "m9": (0, 3, 10, 14), "M7": (0, 4, 7, 11), "M9": (0, 4, 11, 14),
}  # fmt: skip


class Note(NamedTuple):
    """A note or a drum's hit; pitch in MIDI numbers, loudness 0 to 1."""

    start_seconds: float
    seconds: float
    pitch: float
    loudness: float
    instrument: str


class Song(NamedTuple):
    """What all parts of a song share; it begins in the middle, at `first_bar` of its chords."""

    artist: Artist
    bars: int
    step_seconds: float
    swing: float
    key: int
    first_bar: int
    rng: np.random.Generator

    def time(self, step: float) -> float:
        """When a step comes, in seconds: the second of a pair comes late, by the artist's swing."""
        half = self.artist.habits["tempo"].swung_steps
        position = step % (2 * half) / half
        late = position * self.swing if position < 1 else self.swing + (position - 1) * (1 - self.swing)
        return (step + half * (2 * late - position)) * self.step_seconds

    def chord(self, bar: int) -> tuple[int, tuple[int, ...]]:
        """A bar's root, in semitones above the key, and its notes above the root."""
        chords = self.artist.habits["harmony"].chords.split()
        root, kind = chords[(bar + self.first_bar) % len(chords)].split("/")
        return int(root), CHORDS[kind]

    def root(self, bar: int, lowest: int) -> int:
        """The pitch of a bar's root, at `lowest` or up to an octave above."""
        return lowest + (self.key + self.chord(bar)[0] - lowest) % 12

    def note(self, step: float, steps: float, pitch: float, loudness: float, instrument: str) -> Note:
        """A note as a person plays it, a little early or late, louder or softer."""
        start = max(0.0, self.time(step) + self.rng.normal(0, 0.004))
        loudness *= 10 ** (self.rng.normal(0, 1.5) / 20)
        return Note(start, self.time(step + steps) - self.time(step), pitch, loudness, instrument)


def write_score(artist: Artist, seconds: float, rng: np.random.Generator) -> dict[str, list[Note]]:
    """The notes of each part of a song of `seconds`."""
    habits, step_seconds = artist.habits, 15 / (artist.bpm * rng.uniform(0.94, 1.06))
    bars = int(seconds / step_seconds / STEPS) + 1
    key, first_bar = rng.integers(12, size=2).tolist()
    song = Song(artist, bars, step_seconds, rng.uniform(*habits["tempo"].swing), key, first_bar, rng)
    parts = {
        "drums": drums(song, habits["groove"]),
        "bass": line(song, habits["bass"], 28),
        "chords": line(song, habits["accompaniment"], 48),
        "lead": melody(song, habits["lead"], 67),
        "voice": melody(song, habits["voice"], artist.voice_pitch),
    }
    silent, two_bars = rng.random((len(parts), bars)) < 0.12, 2 * STEPS * step_seconds  # now and then, for two bars
    for row, notes in enumerate(parts.values()):
        kept = [note for note in notes if note.start_seconds < seconds]
        notes[:] = [note for note in kept if not silent[row, int(note.start_seconds / two_bars)]]
    return parts


def drums(song: Song, groove: dict[str, str]) -> list[Note]:
    """The groove bar by bar; now and then in a fourth bar, one drum plays all of the last beat."""
    hits = []
    for bar in range(song.bars):
        fills = (bar + song.first_bar) % 4 == 3 and song.rng.random() < 0.6
        fill = {str(song.rng.choice(list(groove))): "............XxxX"} if fills else {}
        for drum, steps in (groove | fill).items():
            played = [(step, sign) for step, sign in enumerate(steps) if is_played(song, sign)]
            hits += [song.note(bar * STEPS + step, 1, 0, LOUDNESS[sign], drum) for step, sign in played]
    return hits


def is_played(song: Song, sign: str) -> bool:
    """Whether there is a note at a step, this time."""
    return sign != "." and (sign != "?" or song.rng.random() < 0.5)


def line(song: Song, part: Line, lowest: int) -> list[Note]:
    """The bass or the chords: the part's steps, over each bar's chord, at `lowest` or up to an octave above."""
    notes = []
    for bar in range(song.bars):
        root, rise = song.root(bar, lowest), song.root(bar + 1, lowest) - song.root(bar, lowest)
        onsets = [step for step, sign in enumerate(part.steps) if is_played(song, sign)]
        for step, end in zip(onsets, [*onsets[1:], STEPS], strict=True):
            sign, steps = part.steps[step], (end - step) * part.held
            for interval in intervals(song, sign, bar, rise if step >= STEPS * 3 / 4 else None):
                loudness = LOUDNESS.get(sign, 0.8)
                notes.append(song.note(bar * STEPS + step, steps, root + interval, loudness, part.instrument))
    return notes


def intervals(song: Song, sign: str, bar: int, rise: int | None) -> tuple[int, ...]:
    """A sign of a line as semitones above a bar's root; on the last beat, the next root lies `rise` above it."""
    _, tones = song.chord(bar)
    if sign in LOUDNESS:
        return tones
    if sign.isdigit():
        return (tones[int(sign) % len(tones)],)
    if sign == "w" and rise is not None:  # a semitone from where the next bar begins
        return (rise + int(song.rng.choice([-1, 1])),)
    return (int(song.rng.choice(tones)) % 12 if sign == "w" else INTERVALS.get(sign, tones[1]),)


def melody(song: Song, part: Melody, centre: float) -> list[Note]:
    """A walk over the scale around `centre`, in phrases; the first bars come again where the part repeats itself."""
    rng, pitch, length = song.rng, centre, min(part.bars, song.bars) * STEPS
    breath = rng.integers(STEPS, 3 * STEPS)
    onsets = [step for step in range(0, length, part.every_steps) if rng.random() < part.density]
    onsets = [step for step in onsets if step % breath < 0.8 * breath]
    written: list[tuple[int, float, int]] = []
    for step, end in zip(onsets, [*onsets[1:], length], strict=False):
        pitch += rng.normal(0, 2 * part.leap) + 0.25 * (centre - pitch)
        written.append((step, part.held * min(end - step, 2 * part.every_steps + 4), nearest_pitch(pitch, song, step)))
    return [
        song.note(first + step, steps, note, rng.uniform(0.5, 1), part.instrument)
        for first in range(0, song.bars * STEPS, length)
        for step, steps, note in written
    ]


def nearest_pitch(pitch: float, song: Song, step: int) -> int:
    """The pitch of the scale, or of the chord at a step, that lies nearest."""
    root, tones = song.chord(step // STEPS)
    allowed = {*song.artist.habits["harmony"].scale, *(root + tone for tone in tones)}
    allowed = {(song.key + interval) % 12 for interval in allowed}
    around = [round(pitch) + interval for interval in range(-6, 7)]
    return min((note for note in around if note % 12 in allowed), key=lambda note: abs(note - pitch))
