import pytest
import service as fake
from service import TOKEN
from yandex_music import DownloadInfo

from genre_lightning.errors import UserError
from genre_lightning.fetch.candidates import Candidate
from genre_lightning.fetch.client import connect
from genre_lightning.fetch.download import check_length, choose, fetch_song
from genre_lightning.fetch.failures import PassingError, RefusedError, ServiceError
from genre_lightning.fetch.pace import Pace
from genre_lightning.fetch.settings import Mode, PaceSettings


def offers(*rows):
    return [DownloadInfo(codec, kbps, False, preview, "url", False) for codec, kbps, preview in rows]


def candidate(number="10000", seconds=40.0):
    return Candidate(number, number, "", "T", {"1": "A"}, seconds, 30.0, "", "rock", "rock", "search")


@pytest.fixture
def get(service, root):
    """Fetch a song as a run does."""
    client = connect(service.url, TOKEN, Pace(PaceSettings(None, 2, 0, 0.0, [], 1)))
    return lambda mode=Mode.excerpt, one=None: fetch_song(client, one or candidate(), mode, root / "rock" / "10000.mp3")


@pytest.mark.parametrize(
    ("rates", "chosen"), [((64, 128, 192), 128), ((320, 192), 192), ((64, 320), 320), ((129, 127), 129)]
)
def test_the_lowest_rate_from_128_on_is_chosen(rates, chosen):
    rows = [("aac", 128, False), *(("mp3", rate, False) for rate in rates)]
    assert choose(offers(*rows), Mode.full).bitrate_in_kbps == chosen


@pytest.mark.parametrize("rows", [[("aac", 256, False)], [("mp3", 64, False), ("flac", 900, False)]])
def test_without_such_an_mp3_the_track_cannot_be_had(rows):
    with pytest.raises(ServiceError, match="offered, but not as MP3 with 128 kbit/s") as caught:
        choose(offers(*rows), Mode.full)
    assert not isinstance(caught.value, PassingError)


def test_that_nothing_is_offered_may_pass():
    with pytest.raises(PassingError, match="no file is offered"):
        choose([], Mode.full)


def test_a_preview_is_no_song_and_a_song_no_preview():
    with pytest.raises(RefusedError, match="only a preview is offered"):
        choose(offers(("mp3", 192, True)), Mode.excerpt)
    with pytest.raises(RefusedError, match="no preview is offered"):
        choose(offers(("mp3", 192, False)), Mode.preview)
    both = offers(("mp3", 128, True), ("mp3", 192, False))
    assert choose(both, Mode.full).bitrate_in_kbps == 192 and choose(both, Mode.preview).bitrate_in_kbps == 128


@pytest.mark.parametrize(
    ("seconds", "expected", "kind"),
    [(40, 40, None), (38.1, 40, None), (41.9, 40, None), (37.9, 40, PassingError), (42.1, 40, ServiceError),
     (295, 300, None), (293, 300, PassingError), (30, 240, RefusedError), (30.3, 240, RefusedError), (30, 30, None)],
)  # fmt: skip
def test_the_length_has_to_be_that_of_the_song(seconds, expected, kind):
    if kind is None:
        check_length(seconds, expected)
    else:
        with pytest.raises(kind) as caught:
            check_length(seconds, expected)
        assert type(caught.value) is kind


def test_a_song_comes_to_its_place_once_and_nothing_else_does(get, root, service):
    song = get()
    assert song.path == root / "rock" / "10000.mp3" and 29.5 < song.seconds < 30.5
    assert [path.name for path in song.path.parent.iterdir()] == ["10000.mp3"]
    assert get() == song and service.fetched() == {"10000": 1}


def test_what_is_there_and_is_no_song_is_replaced(get, root, service):
    (root / "rock").mkdir(parents=True)
    (root / "rock" / "10000.mp3").write_bytes(fake.mp3("rock", 1, 12))
    get(Mode.full)
    assert (root / "rock" / "10000.mp3").read_bytes() == service.audio["10000"]


def test_a_link_that_has_run_out_is_renewed(get, service):
    service.misbehave("/get-mp3/", fake.status(410), times=2)
    assert get().seconds > 29
    assert sum("download-info" in hit.path for hit in service.hits) == 6


def test_a_place_that_cannot_be_written_to_is_named(get, root):
    root.write_text("a file, no folder", encoding="utf-8")
    with pytest.raises(UserError, match=r"cannot write .*all songs are kept"):
        get()
