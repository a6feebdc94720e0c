import numpy as np
import pytest
import soundfile

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


@pytest.mark.parametrize("channels", [1, 2, 6, 8, 33])
def test_any_number_of_channels_is_mixed(tmp_path, channels):
    each = np.full((30000, channels), 2**14, np.int16) * (np.arange(channels) % 2 == 0)
    soundfile.write(tmp_path / "a.w64", each.astype(np.int16), 44100)
    waveform = decode_with_ffmpeg(tmp_path / "a.w64", Wanted(None, 100)).waveform
    np.testing.assert_allclose(waveform, 0.5 * ((channels + 1) // 2) / channels, rtol=1e-5)
    assert len(waveform) == 30000


def test_a_rate_that_changes_midway_is_told_of(sine, joined):
    path = joined("joined.aac", sine("a.aac", 2), sine("b.aac", 2, rate=32000))
    with pytest.raises(AudioError, match="the number of channels or the sample rate changes"):
        decode(path)
