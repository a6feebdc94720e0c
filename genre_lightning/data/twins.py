"""Which songs are the same recording: as another file, in another format, or another cut of it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genre_lightning.audio.fingerprint import BINS_A_FRAME, HOP_SECONDS, Peaks

Numbers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint32]

# Three peaks of one song, the latter two among the four that follow the first, are a landmark: their bins and two
# distances in time, 32 bits. Songs are searched by so many of theirs, those of the lowest hashes, which are the same
# ones in every song: all of the first minute, a fifth of four minutes. Of more than 16,384 songs each has fewer, for
# the sake of memory: 67 of each of a million, which are enough for most copies. SPREAD: Knuth's multiplicative hash.
FOLLOWING = ((1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4))
LARGEST_STEPS = 63, 31
LANDMARKS_A_SONG, LANDMARKS = 4096, 2**26
SPREAD = np.uint32(2654435761)
# A landmark is compared with the next few songs that have it, which finds a song's nearest copies, however many.
SONGS_COMPARED = 4
# Songs of which fewer landmarks occur only once (of music 85 % do) are steady or tick: they agree with themselves
# everywhere, and with others like them.
ONCE = 0.5
# Two songs and their offset in one number: two million songs, eight hours.
SONG_BITS, OFFSET_BITS = 21, 21
MOST_SONGS = 1 << SONG_BITS
# So many landmarks at one offset make two songs candidates, whose peaks are then compared.
CANDIDATE_VOTES = 4
# The share of peaks that two songs have in common in all but one quarter of their overlap: 0.39 and more for copies of
# ten seconds or longer, 0.15 and less for different recordings (docs/twins.md).
SHARE = 0.25
QUARTERS = 4
# A steady tone agrees with any other of its pitch: peaks of so many frequencies have to agree.
FEWEST_BINS = 8


class Twins(NamedTuple):
    """Two songs, by number, that are one recording; the second's sound comes `offset_seconds` later than the first's.

    Attributes:
        share: How many of their peaks agree, from 0 to 1, in the second worst quarter of their overlap.
        overlap_seconds: How long the stretch is that both have.
    """

    first: int
    second: int
    share: float
    offset_seconds: float
    overlap_seconds: float


def find_twins(fingerprints: Sequence[Peaks]) -> list[Twins]:
    """Find the songs that are one recording, from the peaks of each (`audio.fingerprint`).

    Landmarks that two songs share at one offset in time point to candidates (Wang, "An industrial-strength audio search
    algorithm", ISMIR 2003); then all of their peaks are compared. Of many copies of one recording not every pair is
    there, but enough to link them all.

    Args:
        fingerprints: The peaks of each song, `(n,)`; MOST_SONGS at most.

    Returns:
        Pairs in order of their numbers, the smaller one first.
    """
    hashes, songs, frames = all_landmarks(fingerprints)
    found = []
    for first, second, offset in candidates(hashes, songs, frames):
        share, overlap = agreement(fingerprints[first], fingerprints[second], offset)
        if share >= SHARE:
            found.append(Twins(first, second, share, offset * HOP_SECONDS, overlap * HOP_SECONDS))
    return found


def all_landmarks(fingerprints: Sequence[Peaks]) -> tuple[Hashes, Hashes, Hashes]:
    """Hash, song and first frame of all landmarks, in order of hashes and then of songs."""
    most = min(LANDMARKS_A_SONG, LANDMARKS // max(1, len(fingerprints)))
    each = [landmarks(peaks, most) for peaks in fingerprints]
    songs = np.repeat(np.arange(len(each), dtype=np.uint32), [len(hashes) for hashes, _ in each])
    hashes = np.concatenate([np.zeros(0, np.uint32), *(hashes for hashes, _ in each)])
    frames = np.concatenate([np.zeros(0, np.uint32), *(frames for _, frames in each)])
    order = np.argsort(hashes, kind="stable")
    return hashes[order], songs[order], frames[order]


def landmarks(peaks: Peaks, most: int) -> tuple[Hashes, Hashes]:
    """A song's landmarks `(n,)` that it has only once, at `most` so many: hashes, and frames where they begin."""
    each = [chords(peaks, second, third) for second, third in FOLLOWING]
    hashes, frames = (np.concatenate(column) for column in zip(*each, strict=True))
    if len(hashes) > most:
        kept = np.argpartition(hashes, most)[:most]
        hashes, frames = hashes[kept], frames[kept]
    different, where, times = np.unique(hashes, return_index=True, return_counts=True)
    once = times == 1
    if once.sum() < ONCE * len(hashes):
        once[:] = False
    return different[once], frames[where[once]]


def chords(peaks: Peaks, second: int, third: int) -> tuple[Hashes, Hashes]:
    """Each peak with the `second` and `third` after it, unless these are too late: hashes and frames."""
    count = max(0, len(peaks) - third)
    frames, bins = np.divmod(peaks, np.uint32(BINS_A_FRAME))
    frame, next_frame, last_frame = frames[:count], frames[second : second + count], frames[third:]
    steps = next_frame - frame, last_frame - next_frame
    places = bins[:count] << 25 | bins[second : second + count] << 18 | bins[third:] << 11
    near = (steps[0] <= LARGEST_STEPS[0]) & (steps[1] <= LARGEST_STEPS[1])
    hashes = (places | steps[0] << 5 | steps[1]) * SPREAD
    return hashes[near].astype(np.uint32, copy=False), frame[near]


def candidates(hashes: Hashes, songs: Hashes, frames: Hashes) -> Iterator[tuple[int, int, int]]:
    """Pairs of songs with enough landmarks at one offset, and that offset in frames; all landmarks in order."""
    ahead = range(1, SONGS_COMPARED + 1)
    shared = np.concatenate([shared_landmarks(hashes, songs, frames, places) for places in ahead])
    places, votes = np.unique(shared, return_counts=True)
    together = np.concatenate([[0], votes, [0]])
    next_frame = np.concatenate([[False], np.diff(places) == 1, [False]])
    votes = votes + together[:-2] * next_frame[:-1] + together[2:] * next_frame[1:]  # offsets between two frames
    places, votes = places[votes >= CANDIDATE_VOTES], votes[votes >= CANDIDATE_VOTES]
    pairs = places >> OFFSET_BITS
    order = np.lexsort((votes, pairs))
    best = places[order][np.append(np.diff(pairs[order]) > 0, True)[: len(order)]]
    for place in best.tolist():
        pair, offset = divmod(place, 1 << OFFSET_BITS)
        first, second = divmod(pair, 1 << SONG_BITS)
        yield first, second, offset - (1 << OFFSET_BITS - 1)


def shared_landmarks(hashes: Hashes, songs: Hashes, frames: Hashes, ahead: int) -> Numbers:
    """Where a landmark is the same as that `ahead` places on, of another song: both songs and the offset, packed."""
    same = np.flatnonzero((hashes[:-ahead] == hashes[ahead:]) & (songs[:-ahead] != songs[ahead:]))
    offsets = frames[same + ahead].astype(np.int64) - frames[same] + (1 << OFFSET_BITS - 1)
    pairs = songs[same].astype(np.int64) << SONG_BITS | songs[same + ahead]
    return pairs << OFFSET_BITS | offsets


def agreement(first: Peaks, second: Peaks, offset: int) -> tuple[float, int]:
    """How far the peaks agree if the second song is `offset` frames later: `Twins.share`, and the frames of overlap."""
    moved, other = first.astype(np.int64) + BINS_A_FRAME * offset, second.astype(np.int64)
    begin, end = max(moved[0], other[0]) // BINS_A_FRAME, min(moved[-1], other[-1]) // BINS_A_FRAME + 1
    both = moved[is_in(moved, other) | is_in(moved - BINS_A_FRAME, other) | is_in(moved + BINS_A_FRAME, other)]
    if len(np.unique(both % BINS_A_FRAME)) < FEWEST_BINS:
        return 0.0, int(end - begin)
    edges = np.linspace(begin, end, QUARTERS + 1) * BINS_A_FRAME
    agreed, there, here = (np.diff(np.searchsorted(peaks, edges)) for peaks in (both, moved, other))
    shares = agreed / np.maximum(1, np.minimum(there, here))
    return float(min(1.0, np.sort(shares)[1])), int(end - begin)


def is_in(wanted: Numbers, ordered: Numbers) -> npt.NDArray[np.bool_]:
    """Which numbers are among others that are in order; faster than np.isin."""
    return ordered[np.searchsorted(ordered[:-1], wanted)] == wanted
