import pytest

from genre_lightning.data.lengths import Lengths


@pytest.mark.parametrize("wrong", [(-1, None), (float("nan"), None), (float("inf"), None), (2, 1), (0, 0)])
def test_lengths_that_leave_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match=r"^(min|max)_seconds must be"):
        Lengths(*wrong)


def test_two_hours_are_a_song_and_two_milliseconds_or_ten_hours_are_none():
    assert Lengths().allow(7200) and not Lengths().allow(0.002) and not Lengths().allow(36000)


def test_equal_lengths_are_equal_however_they_were_typed():
    assert repr(Lengths(1, 100)) == repr(Lengths(1.0, 100.0)) and Lengths(0, None).allow(10**9)
