import threading
import time
from itertools import pairwise

import pytest

from genre_lightning.errors import UserError
from genre_lightning.fetch.pace import FAILURES_IN_A_ROW, Pace, Patience
from genre_lightning.fetch.settings import PaceSettings


class FakeTime:
    """Time that passes only while somebody sleeps."""

    def __init__(self, pace, monkeypatch):
        self.now, self.slept = 1000.0, []
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        pace.next_turn = self.now
        pace.sleep = self.sleep

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def make(monkeypatch):
    def made(rate=1.0, cooldowns=(60, 300, 600), backoff=1.0):
        pace = Pace(PaceSettings(rate, 2, 4, backoff, list(cooldowns), 30))
        return pace, FakeTime(pace, monkeypatch)

    return made


def test_requests_pass_one_by_one(make):
    pace, clock = make(rate=4.0)
    assert [pace.wait_for_turn() - 1000 for _ in range(5)] == [0, 0.25, 0.5, 0.75, 1.0]
    clock.now += 10
    assert [pace.wait_for_turn() - 1011 for _ in range(3)] == [0, 0.25, 0.5], "time that passed is not saved up"


def test_without_a_rate_nobody_waits(make):
    pace, clock = make(rate=None)
    assert [pace.wait_for_turn() for _ in range(3)] == [1000.0] * 3 and sum(clock.slept) == 0


def test_many_threads_share_one_pace():
    pace = Pace(PaceSettings(200.0, 4, 0, 0.0, [], 1))
    turns = []
    threads = [threading.Thread(target=lambda: turns.extend(pace.wait_for_turn() for _ in range(5))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    turns.sort()
    assert len(turns) == 20
    assert all(later - earlier >= 1 / 200 - 1e-6 for earlier, later in pairwise(turns))


def test_rests_grow_longer_and_then_the_run_ends(make):
    pace, clock = make()
    for expected in (60, 300, 600):
        sent = pace.wait_for_turn()
        pace.rest(sent, None, "too many requests")
        before = clock.now
        pace.wait_for_turn()
        assert clock.now - before == pytest.approx(expected)
        clock.now += 5
    with pytest.raises(UserError, match="too many requests, 3 pauses did not help"):
        pace.rest(clock.now, None, "too many requests")


def test_requests_that_were_under_way_together_rest_once(make):
    pace, clock = make()
    pace.rest(999.0, None, "why")
    clock.now += 1
    pace.rest(999.5, None, "why")
    before = clock.now
    pace.wait_for_turn()
    assert clock.now - before == 59 and pace.rests == 1


def test_an_answer_makes_the_next_rest_short_again(make):
    pace, clock = make()
    pace.rest(clock.now, None, "why")
    pace.answered(sent=999.0)
    assert pace.rests == 1, "an answer to an older request says nothing"
    pace.answered(sent=clock.now + 60)
    assert pace.rests == 0


def test_the_service_s_own_wish_is_kept(make):
    pace, clock = make()
    pace.rest(clock.now, 7.0, "why")
    assert pace.wait_for_turn() == 1007
    with pytest.raises(UserError, match="run again in 60 minutes"):
        pace.rest(clock.now, 3600.0, "why")


def test_back_off_doubles_with_some_chance(make):
    pace, clock = make(backoff=2.0)
    for attempt in range(4):
        pace.back_off(attempt)
    for slept, middle in zip(clock.slept, (2, 4, 8, 16), strict=True):
        assert 0.5 * middle <= slept <= 1.5 * middle
    assert len({round(slept / 2**n, 6) for n, slept in enumerate(clock.slept)}) == 4


def test_a_long_pause_is_kept_though_it_is_taken_in_naps(monkeypatch):
    monkeypatch.setattr("genre_lightning.fetch.pace.LONGEST_NAP_SECONDS", 0.01)
    pace, begin = Pace(PaceSettings(1.0, 2, 4, 1.0, [60], 30)), time.monotonic()
    pace.sleep(0.1)
    assert time.monotonic() - begin >= 0.1


def test_nobody_waits_any_more_once_the_run_ends():
    pace = Pace(PaceSettings(1.0, 2, 4, 1.0, [600], 30))
    pace.rest(time.monotonic(), None, "why")
    woken = []

    def wait():
        with pytest.raises(UserError, match="the first reason"):
            pace.wait_for_turn()
        woken.append(True)

    thread = threading.Thread(target=wait)
    thread.start()
    for reason in ("the first reason", "another"):
        with pytest.raises(UserError), pace.until_an_error():
            raise UserError(reason)
    thread.join(10)
    assert woken
    with pytest.raises(UserError, match="the first reason"):
        pace.wait_for_turn()


def test_patience_ends_after_failures_in_a_row_only():
    patience = Patience()
    for _ in range(3):
        for _ in range(FAILURES_IN_A_ROW - 1):
            patience.failed("why", "advice")
        patience.worked()
    for _ in range(FAILURES_IN_A_ROW - 1):
        patience.failed("why", "advice")
    with pytest.raises(UserError, match="why, 5 times in a row; advice; all songs are kept"):
        patience.failed("why", "advice")
