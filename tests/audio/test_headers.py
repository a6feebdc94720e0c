import pytest

from genre_lightning.audio.headers import is_joined, mended, ogg_streams, states_length
from genre_lightning.audio.reading import AudioError, decode, read_audio

TAG = b"ID3\x03\0\0\0\0\x02\x01" + bytes(257)
TAG_V1 = b"TAG" + b"x" * 125
ZERO, FULL, HUGE = bytes(8), b"\xff" * 8, b"\x7f" + b"\xff" * 7


@pytest.mark.parametrize("name", ["a.wav", "a.rf64", "a.aiff", "a.au", "a.caf", "a.m4a", "a.mp4", "a.tta"])
def test_files_joined_that_no_decoder_reads_to_the_end_are_told_of(sine, joined, name):
    one, other = sine(name), sine(f"b{name}", 2)
    assert not is_joined(one) and decode(one).seconds == pytest.approx(1, abs=0.1)
    with pytest.raises(AudioError, match="holds several files, one after another"):
        read_audio(joined(f"joined{name}", one, other), 22050)


@pytest.mark.parametrize("name", ["a.flac", "a.ogg", "a.opus", "a.mka", "a.aac", "a.ac3", "a.voc", "a.w64", "a.sph"])
def test_other_files_joined_are_read_whole(sine, joined, name):
    one, other = sine(name), sine(f"b{name}", 4)
    assert decode(joined(f"joined{name}", one, other)).seconds == pytest.approx(5, abs=0.15)
    assert decode(joined(f"same{name}", one, one)).seconds == pytest.approx(2, abs=0.15)


@pytest.mark.parametrize("between", [b"", TAG, TAG_V1 + TAG])
@pytest.mark.parametrize("states", [True, False])
def test_an_mp3_is_read_whole_though_its_first_part_states_a_length(sine, joined, between, states):
    one, other = (sine(name, seconds).read_bytes() for name, seconds in (("a.mp3", 2), ("b.mp3", 6)))
    if not states:
        one, other = (part.replace(b"Info", bytes(4)).replace(b"Xing", bytes(4)) for part in (one, other))
    path = joined("joined.mp3", TAG, one, between, other)
    assert not states_length(path) and decode(path).seconds == pytest.approx(8, abs=0.2)


def test_a_single_mp3_states_its_length_with_a_tag_before_it_and_behind(sine, joined):
    assert states_length(joined("song.mp3", TAG, sine("a.mp3", 10), TAG_V1))


@pytest.mark.parametrize("frames", [bytes(4), b"\xff" * 4])
def test_an_mp3_that_states_no_length_that_can_be_is_read_whole(sine, patched, frames):
    path = sine("a.mp3", 3)
    place = max(path.read_bytes().find(mark) for mark in (b"Xing", b"Info")) + 8
    assert decode(patched(path, place, frames)).seconds == pytest.approx(3, abs=0.1)
    assert len(read_audio(path, 22050)) == pytest.approx(3 * 22050, rel=0.03)


UNFINISHED = {  # by name: what stands before the size of the sound, and what a recorder that was killed leaves there
    "a.wav": (b"data", (ZERO[:4], FULL[:4], b"\0\x77\1\0")),
    "a.aiff": (b"SSND", (ZERO[:4], FULL[:4])),
    "a.au": (b".snd\0\0\0\x18", (ZERO[:4], FULL[:4])),
    "a.caf": (b"data", (ZERO, FULL, HUGE)),
    "a.w64": (b"data\xf3\xac\xd3\x11\x8c\xd1\0\xc0\x4f\x8e\xdb\x8a", (ZERO, FULL, HUGE[::-1])),
    "a.rf64": (b"ds64\x1c\0\0\0", (ZERO, FULL, HUGE[::-1])),
}


@pytest.mark.parametrize("name", UNFINISHED)
def test_a_recording_that_was_never_finished_is_read_to_its_end(sine, patched, name):
    before, sizes = UNFINISHED[name]
    for size in sizes:
        path = sine(name, 3)
        place = path.read_bytes().index(before) + len(before) + (8 if name == "a.rf64" else 0)
        patched(path, place, size)
        if name in ("a.wav", "a.rf64"):
            patched(path, 4, ZERO[:4])
        assert len(read_audio(path, 22050)) == pytest.approx(3 * 22050, rel=0.001), size


@pytest.mark.parametrize("count", [b"0", b"9223372036854775807"])
def test_a_count_of_samples_that_is_none_is_not_believed(sine, tmp_path, count):
    head, sound = (data := sine("a.sph", 2).read_bytes())[:1024], data[1024:]
    head = head.replace(b"sample_count -i 96000", b"sample_count -i " + count).rstrip(b"\0").ljust(1024, b"\0")
    (tmp_path / "b.sph").write_bytes(head[:1024] + sound)
    assert len(read_audio(tmp_path / "b.sph", 22050)) == pytest.approx(2 * 22050, rel=0.001)


@pytest.mark.parametrize("count", [bytes(5), b"\x0f" + b"\xff" * 4])
def test_a_flac_of_unknown_length_is_read(sine, patched, count):
    path = sine("a.flac", 2)
    patched(path, 21, bytes([path.read_bytes()[21] & 0xF0 | count[0]]) + count[1:])
    assert len(read_audio(path, 22050)) == pytest.approx(2 * 22050, rel=0.001)


@pytest.mark.parametrize("behind", [TAG, TAG_V1, b"LIST\x04\0\0\0INFO", b"APETAGEX" + bytes(3000)])
def test_tags_and_chunks_behind_the_sound_are_no_sound(sine, joined, behind):
    path = joined("song.wav", sine("a.wav", 0.02), behind)
    assert mended(path) is None and decode(path).seconds == pytest.approx(0.02)


@pytest.mark.parametrize("part", [0.3, 0.9])
@pytest.mark.parametrize("name", ["a.opus", "a.ogg", "a.mka", "a.webm"])
def test_what_is_cut_off_is_told(sine, name, part):
    path = sine(name, 8)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    with pytest.raises(AudioError, match="cut off"):
        read_audio(path, 22050)


def test_a_chain_of_streams_without_its_end_is_cut_off(sine, joined):
    one = sine("a.ogg", 2)
    path = joined("joined.ogg", one, one.read_bytes()[:-100])
    assert ogg_streams(one) == (False, True) and ogg_streams(path) == (True, False)
    with pytest.raises(AudioError, match="cut off"):
        read_audio(path, 22050)


@pytest.mark.parametrize("seconds", [0.02, 0.1, 1.0])
@pytest.mark.parametrize("name", ["a.opus", "a.webm", "a.mka"])
def test_padding_at_the_end_of_a_short_file_is_not_cut_off(sine, name, seconds):
    assert len(read_audio(sine(name, seconds), 22050)) == pytest.approx(seconds * 22050, abs=0.04 * 22050)
