import numpy as np
import pytest

from genre_lightning.data.catalogue import Catalogue, Track, write_manifest
from genre_lightning.errors import UserError
from genre_lightning.runs.precision import (
    Judged,
    automatic,
    highest_precision,
    judged_songs,
    lowest_confidence,
    precision,
)


def songs(confidence, correct, groups=None):
    return Judged(np.array(confidence), np.array(correct, bool), np.arange(len(correct)) if groups is None else groups)


def test_nineteen_songs_that_are_all_right_are_the_least_that_is_enough():
    assert lowest_confidence(songs(np.linspace(0.5, 0.9, 19), [True] * 19)) == 0.5
    assert lowest_confidence(songs(np.linspace(0.5, 0.9, 18), [True] * 18)) is None
    assert lowest_confidence(songs([], [])) is None


def test_the_lowest_level_is_taken_though_a_higher_one_was_not_enough():
    correct = [False] + [True] * 40 + [False] * 10  # the surest is wrong
    confidence = np.linspace(0.99, 0.4, 51)
    assert lowest_confidence(songs(confidence, correct)) == confidence[40]


def test_songs_that_are_equally_sure_count_together():
    assert lowest_confidence(songs([0.9] * 40 + [0.8] * 10, [True] * 45 + [False] * 5)) == 0.9
    assert lowest_confidence(songs([0.9] * 40, [True] * 30 + [False] * 10)) is None


def test_the_highest_precision_is_the_most_that_can_be_asked_for():
    judged = songs([0.9, 0.8, 0.8, 0.7], [True, False, True, True])
    assert highest_precision(judged) == 3 / 5 and lowest_confidence(judged, 3 / 5) == 0.7
    assert lowest_confidence(judged, 0.61) is None and highest_precision(songs([], [])) == 0


@pytest.fixture
def finish(tmp_path):
    """Make a run of rows (song, split, confidence in jazz), three genres; songs below 100 are jazz, and each artist has
    two of them. Returns its folder.
    """

    def make(rows):
        numbers = dict.fromkeys(song for song, *_ in rows)
        genres = {song: "jazz" if song < 100 else "rock" for song in numbers}
        tracks = [Track(tmp_path / f"{song}.wav", genres[song], f"artist {song // 2}") for song in numbers]
        write_manifest(Catalogue(tracks), tmp_path / "manifest.csv")
        (tmp_path / "metrics.json").touch()
        lines = [f"{song}.wav,{genres[song]},{split},jazz,{p},{1 - p}" for song, split, p in rows]
        (tmp_path / "predictions.csv").write_text("\n".join(["path,genre,split,predicted,jazz,rock", *lines]) + "\n")
        return tmp_path

    return make


def test_validation_chooses_and_test_measures(finish):
    val = [(song, "val", 0.9) for song in range(19)] + [(100, "val", 0.6)]
    test = [(song, "test", 0.95) for song in (20, 22, 24, 102)] + [(26, "test", 0.7)]
    known = [(song, "learnt_from", 0.7) for song in (30, 104)]
    chosen = automatic(finish(val + test + known))
    assert chosen.confidence == 0.9 and chosen.precision is not None
    assert (chosen.precision.songs, chosen.precision.of, chosen.precision.right) == (4, 5, 0.75)
    assert str(chosen.precision).startswith("was 75.0 % (")
    assert str(chosen.precision).endswith(") for the 4 so sure of 5 test songs; validation chose how sure")


def test_of_a_cross_validated_run_each_half_of_the_artists_is_measured_at_what_the_other_one_chose(finish):
    """Every second artist is right wherever it is sure, the others only from 0.9 on: they are measured from 0.7 on, as
    the first ones chose.
    """
    sure = [(song, "test", 0.9) for song in range(80)]
    apart = [(80, 0.7), (102, 0.75), (84, 0.7), (106, 0.75), (88, 0.7), (110, 0.75)]
    chosen = automatic(finish([*sure, *((song, "test", p) for song, p in apart)]))
    assert chosen.confidence == 0.7 and chosen.precision is not None
    assert chosen.cross_validated and chosen.precision[:3] == (83, 86, pytest.approx(80 / 83))


def test_what_several_networks_say_of_a_song_is_averaged(finish):
    twice = [(song, "test", p) for song in range(80) for p in (0.99, 0.61)]
    chosen = automatic(finish(twice))
    assert chosen.confidence == pytest.approx(0.8) and chosen.precision is not None
    assert chosen.precision.of == chosen.precision.songs == 80


def test_of_several_networks_the_first_one_alone_can_be_asked(finish):
    folder = finish([(song, "test", p) for p in (0.99, 0.2) for song in range(4)])
    assert [*judged_songs(folder, once=True)["test"].confidence] == [0.99] * 4
    assert [*judged_songs(folder)["test"].confidence] == pytest.approx([0.595] * 4)


def test_of_too_few_songs_no_half_can_choose_for_the_other(finish):
    assert automatic(finish([(song, "test", 0.9) for song in range(30)])) == (None, None, True)


def test_it_is_said_if_folds_were_by_song(finish):
    folder = finish([(song, "test", 0.9) for song in range(80)])
    assert "that knew no song of its artists; each half" in str(automatic(folder).precision)
    assert "had not learnt from it, but may know its artist" in str(automatic(folder, by_artist=False).precision)


def test_a_confidence_that_is_asked_for_is_measured_as_it_is(finish):
    folder = finish([(0, "val", 0.9), (2, "test", 0.8), (4, "test", 0.6), (100, "test", 0.55)])
    low, high = automatic(folder, 0.6), automatic(folder, 0.99)
    assert low.precision is not None and low.precision[:3] == (2, 3, 1.0)
    assert str(high.precision) == "is not known, since the network is so sure of none of 3 test songs"


def test_no_confidence_is_good_enough_if_few_songs_were_judged(finish):
    assert automatic(finish([(0, "val", 0.99), (2, "test", 0.99)])) == (None, None, False)


def test_the_interval_is_over_artists():
    correct, one_each = [True] * 27 + [False] * 3, np.arange(30)
    alone = precision([(songs([0.9] * 30, correct), 0.5)], "songs").interval
    shared = precision([(songs([0.9] * 30, correct, one_each // 6), 0.5)], "songs").interval
    assert alone is not None and shared is not None
    assert shared[1] - shared[0] > 1.2 * (alone[1] - alone[0])


def test_a_song_that_the_manifest_lacks_is_named(finish):
    folder = finish([(0, "test", 0.9), (2, "val", 0.9)])
    write_manifest(Catalogue([Track(folder / "2.wav", "jazz")]), folder / "manifest.csv")
    with pytest.raises(UserError, match=r"does not list .*0\.wav"):
        automatic(folder)
