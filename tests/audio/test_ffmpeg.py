import pytest

from genre_lightning.audio.ffmpeg import decode_with_ffmpeg
from genre_lightning.audio.reading import AudioError, decode
from genre_lightning.audio.recording import Wanted

PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nsong.aac\n#EXT-X-ENDLIST\n"


def test_a_playlist_opens_no_other_file(sine, tmp_path):
    sine("song.aac", 3)
    (tmp_path / "list.m3u8").write_bytes(PLAYLIST)
    with pytest.raises(AudioError, match="no header of a known format"):
        decode(tmp_path / "list.m3u8")


def test_a_frame_that_is_damaged_is_left_out_and_many_are_told_of(sine):
    path = sine("a.aac", 10)
    whole = path.read_bytes()
    path.write_bytes(whole[:20000] + b"\x55" * 200 + whole[20000:])
    assert decode_with_ffmpeg(path, Wanted(None, 100)).seconds == pytest.approx(10, abs=0.2)
    for place in range(2000, 80000, 1000):
        whole = whole[:place] + b"\x55" * 200 + whole[place + 200 :]
    path.write_bytes(whole)
    with pytest.raises(AudioError, match=r"is damaged: \d+ of its \d+ frames cannot be decoded"):
        decode_with_ffmpeg(path, Wanted(None, 100))


def test_a_rate_that_changes_midway_is_told_of(sine, joined):
    path = joined("joined.aac", sine("a.aac", 2), sine("b.aac", 2, rate=32000))
    with pytest.raises(AudioError, match="the number of channels or the sample rate changes"):
        decode(path)
