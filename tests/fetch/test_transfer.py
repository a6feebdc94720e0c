"""What becomes of songs that are fetched, well or not: whole runs against the fake service."""

import json
import re
import threading
import time
import tracemalloc
from collections import Counter, deque
from contextlib import suppress
from itertools import pairwise
from multiprocessing.pool import ThreadPool
from types import SimpleNamespace

import pytest
import service as fake
from outcome import remembered, stopped
from service import API, AUDIO, LINK

from genre_lightning.errors import UserError
from genre_lightning.fetch.transfer import Transfer

ONE = ("genres=[rock]", "per_genre=2", "pace.workers=1")
TWO = ("genres=[rock,jazz]", "per_genre=2", "pace.workers=1")

# One bad track or answer: it is skipped or asked for again, and the next one is taken.

HTML = b"<html><body>Service page</body></html>"


def offer(**facts):
    """A track's only offer."""
    return fake.body(json.dumps({"result": [{"bitrateInKbps": 192, "preview": False} | facts]}).encode())


ONCE_BAD = {  # the fault of one track: what is counted, and whether it is remembered for good
    "400": (API, fake.status(400), "400 Bad Request", True),
    "404": (API, fake.status(404), "404 Not Found", True),
    "no offer": (API, fake.body(b'{"result": []}'), "no file is offered", False),
    "another kind of file": (API, offer(codec="aac"),
                             "offered, but not as MP3 with 128 kbit/s", True),
    "an odd status": (API, fake.status(418), "418 I'm a Teapot", False),
    "no address": (API, offer(codec="mp3", downloadInfoUrl="file:///etc/passwd"),
                   "an address that makes no sense", False),
    "nested too deep": (API, fake.body(b"[" * 100_000), "an answer that makes no sense", False),
    "XML nested too deep": (LINK, fake.body(b"<a>" * 5000 + b"</a>" * 5000), "an answer that makes no sense", False),
    "502": (API, fake.status(502, body=HTML), "502 Bad Gateway", False),
    "403 of the link": (LINK, fake.status(403), "403 Forbidden", False),
    "stall in the body": (AUDIO, fake.stall_in_body(0.8), "connection refused or lost", False),
    "less than promised": (AUDIO, fake.shorter, "answer cut off or garbled", False),
    "redirected in circles": (API, fake.redirect, "redirected again and again", False),
    "no JSON": (API, fake.body(HTML), "an answer that makes no sense", False),
    "XML without a field": (LINK, fake.body(b"<download-info><host>h</host></download-info>"),
                            "an answer that makes no sense", False),
    "audio that is empty": (AUDIO, fake.body(b""), "an empty file", False),
    "audio that is HTML": (AUDIO, fake.body(HTML), "a web page instead of audio", False),
    "audio cut short": (AUDIO, fake.unmeasured(0.5), "cut short", False),
    "audio too long": (AUDIO, fake.body(fake.mp3("rock", 1, 45)), "longer than the service says", True),
    "silent audio": (AUDIO, fake.body(fake.silence(40)), "silent", True),
    "a preview sold as the song": (AUDIO, fake.body(fake.mp3("rock", 1, 30)), "a preview instead of the song", False),
    "not decodable": (AUDIO, fake.body(b"\xff\xfb" + bytes(range(256)) * 30), "cannot be decoded", False),
}  # fmt: skip


FROM_ELSEWHERE = {"502", "no JSON", "nested too deep", "XML nested too deep", "redirected in circles", "an odd status"}
LIKE_OTHERS = {"400", "XML without a field", "audio that is empty", "audio cut short", "not decodable"} | FROM_ELSEWHERE


def cases(table, slow):
    """The cases of a table, some of which are run with the slow tests."""
    return [pytest.param(case, marks=pytest.mark.slow if case in slow else []) for case in table]


@pytest.mark.parametrize("case", cases(ONCE_BAD, LIKE_OTHERS))
def test_a_bad_track_is_skipped_its_reason_counted_and_the_next_one_taken(case, service, fetch, on_disk, told, root):
    pattern, fault, reason, for_good = ONCE_BAD[case]
    bad = []

    def on_first_track(handler, normal):
        number = re.search(r"/(\d+)(:\d+/download-info)?$", handler.path.split("?")[0])
        bad.append(number[1])
        (fault if number[1] == bad[0] else lambda h, n: h.reply(200, n))(handler, normal)

    service.misbehave(pattern, on_first_track)
    assert fetch(service, *ONE)
    assert len(on_disk()) == 2 and bad[0] not in on_disk()
    assert told()["skipped"] == {reason: 1}
    assert remembered(root) == ({bad[0]: reason} if for_good else {})


@pytest.mark.parametrize("case", ["502", "less than promised", "no JSON", "audio cut short"])
def test_what_goes_wrong_once_is_asked_for_again(case, service, fetch, on_disk, told):
    pattern, fault, _, _ = ONCE_BAD[case]
    service.misbehave(pattern, fault, times=1)
    assert fetch(service, *ONE)
    assert len(on_disk()) == 2 and told()["skipped"] == {}


def test_permanent_failures_are_not_asked_for_again_unless_wanted(service, fetch, on_disk, root):
    service.misbehave(API, fake.status(404), times=3)
    fetch(service, *ONE)
    bad, hits = set(remembered(root)), len(service.hits)
    fetch(service, *ONE, "per_genre=6")
    assert len(bad) == 3 and not bad & set(on_disk())
    assert not [hit for hit in service.hits[hits:] if any(number in hit.path for number in bad)]
    assert fetch(service, *ONE, "per_genre=9", "retry_failed=true")
    assert len(on_disk()) == 9 and bad & set(on_disk())


def test_passing_failures_are_tried_again_by_the_next_run(service, fetch, on_disk):
    service.misbehave(AUDIO + ".*/100(0|1)", fake.status(500))
    assert not fetch(service, "genres=[rock]", "per_genre=18")
    before = on_disk()
    service.faults.clear()
    assert fetch(service, "genres=[rock]", "per_genre=18")
    assert len(before) < 18 and on_disk()[: len(before)] == before


# What ends a run: one sentence, and everything is kept.

ENDS = {
    "401": (API, fake.status(401), r"does not take the token \(401\): it has expired"),
    "403": (API, fake.status(403), r"403 Forbidden, 5 times in a row"),
    "429": (API, fake.status(429), r"wants fewer requests \(429\), 3 pauses did not help"),
    "451": (API, fake.status(451, body=b"<html>gone</html>"), r"does not serve this region \(451\)"),
    "captcha": (API, fake.body(fake.CAPTCHA), r"a person is there \(captcha\), 3 pauses did not help"),
    "captcha by redirect": (API, fake.captcha_redirect, r"a person is there \(captcha\), 3 pauses did not help"),
    "previews only": (AUDIO, fake.body(fake.mp3("rock", 1, 30)), "a preview instead of the song, 5 times in a row"),
    "reset": (LINK, fake.reset, "connection refused or lost, 5 times in a row"),
}


@pytest.mark.parametrize("case", ENDS)
def test_a_run_ends_with_a_sentence_and_all_songs_kept(case, service, fetch, on_disk, told):
    pattern, fault, sentence = ENDS[case]
    service.misbehave(pattern + r"(.*/)?2\d{4}", fault)  # songs of jazz, which come after rock
    text = stopped(fetch, service, *TWO, f"pace.workers={1 + len(case) % 4}")
    assert re.search(sentence, text)
    assert len(on_disk()) == 2 and told()["fetched"] == 2 and told("jazz")["fetched"] == 0
    service.faults.clear()
    assert fetch(service, *TWO, "retry_failed=true") and len(on_disk()) == 4


@pytest.mark.slow
def test_a_pause_of_all_workers_may_be_all_that_is_wanted(service, fetch, on_disk, caplog):
    service.misbehave(API, fake.status(429, {"Retry-After": "1"}), times=1)
    assert fetch(service, *ONE, "pace.workers=4") and len(on_disk()) == 2
    assert caplog.text.count("all requests pause") == 1
    refused = next(n for n, hit in enumerate(service.hits) if re.search(API, hit.path))
    gaps = [after.time - before.time for before, after in pairwise(service.hits[refused:])]
    assert max(gaps) > 0.9
    assert sum(gap > 0.5 for gap in gaps) == 1, "nobody asked meanwhile"


def test_whoever_rests_does_not_keep_the_run_from_ending(service, fetch):
    songs, both = iter(range(9)), threading.Event()

    def first_rests_second_ends(handler, normal):
        if next(songs) == 0:
            both.wait(20)
            handler.reply(429, b"", {"Retry-After": "60"})
        else:
            both.set()
            time.sleep(0.3)
            handler.reply(451, b"")

    service.misbehave(API, first_rests_second_ends)
    begin = time.monotonic()
    assert "(451)" in stopped(fetch, service, "genres=[rock]", "pace.workers=2", "pace.timeout_seconds=30")
    assert time.monotonic() - begin < 60


# Trouble of the service is never booked as the songs' own fault.

TROUBLE = {
    "no offers": (API, fake.body(b'{"result": []}'), "no file is offered"),
    "no MP3": (API, offer(codec="aac"), "not as MP3 with 128 kbit/s"),
    "all unknown": (API, fake.status(404), "404 Not Found"),
    "a proxy's status": (AUDIO, fake.status(407), "407 Proxy Authentication Required"),
    "silence": (AUDIO, fake.body(fake.silence(40)), "silent"),
    "noise": (AUDIO, fake.body(b"\xff\xfb" + bytes(range(256)) * 30), "cannot be decoded"),
}  # fmt: skip


@pytest.mark.parametrize("case", cases(TROUBLE, {"all unknown", "silence", "noise"}))
def test_what_goes_wrong_with_every_song_ends_the_run_and_costs_none(case, service, fetch, on_disk, root):
    pattern, fault, said = TROUBLE[case]
    assert fetch(service, "genres=[rock]", "per_genre=1")  # a set that is begun already
    service.misbehave(pattern, fault)
    for _ in range(2):
        assert f"{said}, 5 times in a row" in stopped(fetch, service, "genres=[rock]", "per_genre=9")
        assert remembered(root) == {}
    service.faults.clear()
    assert fetch(service, "genres=[rock]", "per_genre=9") and len(on_disk()) == 9


@pytest.mark.slow
def test_five_songs_that_are_gone_do_not_keep_later_runs_from_the_others(service, fetch, on_disk, root):
    service.misbehave(API + "(1000|1001|1002|1003|1004)", fake.status(404))  # ten of rock's eighteen
    while len(on_disk()) < 17:
        before = len(on_disk())
        with suppress(UserError):
            fetch(service, "genres=[rock,jazz]", "per_genre=9", "seed=3")
        assert len(on_disk()) > before, "a run adds nothing"
    assert Counter(number[0] for number in on_disk()) == {"1": 8, "2": 9}


def test_a_song_that_comes_while_others_end_the_run_has_its_line():
    entered = []

    def fail():
        raise UserError("the run must end")

    with ThreadPool(1) as pool:
        running = deque([("gone", pool.apply_async(fail)), ("there", pool.apply_async(lambda: "song"))])
        transfer = SimpleNamespace(enter=lambda *what: entered.append(what))
        with pytest.raises(UserError), Transfer.entering_what_comes(transfer, running):
            fail()
    assert entered == [("there", "song")]


def test_what_earlier_versions_gave_up_for_what_may_pass_is_tried_again(service, fetch, on_disk, root):
    assert fetch(service, "genres=[rock]", "per_genre=1")
    left = [number for number in service.tracks if number[0] == "1" and number not in on_disk()]
    booked = dict.fromkeys(left[1:], "no MP3 with 128 kbit/s") | {left[0]: "404 Not Found"}
    (root / "fetch_skipped.json").write_text(json.dumps(booked), encoding="utf-8")
    assert not fetch(service, "genres=[rock]", "per_genre=18")
    assert len(on_disk()) == 17 and left[0] not in on_disk()


def test_a_song_that_is_refused_while_others_are_given_is_left_for_the_end(service, fetch, on_disk, root):
    service.misbehave(AUDIO, fake.status(403), times=2)
    assert fetch(service, *ONE) and len(on_disk()) == 2 and remembered(root) == {}
    first = on_disk()
    assert fetch(service, "genres=[rock]", "per_genre=18") and on_disk()[:2] == first and len(on_disk()) == 18


# What never ends.

ENDLESS = bytes(1 << 16)


@pytest.mark.slow
@pytest.mark.parametrize("beginning", [b"", b"<html>"])
def test_a_body_without_end_is_left_when_it_cannot_be_the_song_any_more(beginning, service, fetch, on_disk, told, root):
    sent = Counter()

    def endless(handler, _):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(beginning)
        while True:
            sent[handler.path] += handler.wfile.write(ENDLESS)

    service.misbehave(AUDIO + ".*/100(1|2)", endless)
    tracemalloc.start()
    assert not fetch(service, "genres=[rock]", "per_genre=18", "pace.timeout_seconds=20")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert told()["skipped"] == {"an answer without end": 4} and len(on_disk()) == 14
    assert 10_000_000 < max(sent.values()) / 3 < 40_000_000, "a song has 1.6 MB, and some are held back on the way"
    assert most < 50_000_000, "the body lies in the memory"
