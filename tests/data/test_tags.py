"""Files of all formats with invented artists, built byte by byte where no library writes what people have."""

import os
import struct
import threading
from fractions import Fraction

import av
import numpy as np
import pytest
import soundfile

from genre_lightning.data import tags
from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.data.tags import TAGS, Tags, decoded, read_all_tags, read_tags, recovered, with_tags

RATE = 8000
TONE = (0.1 * np.sin(np.arange(RATE) / 3)).astype(np.float32)


def written(path, artist="", title=""):
    """A second of a tone, with the tags that libsndfile writes."""
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        if artist:
            file.artist, file.title = artist, title
        file.write(TONE)
    return path


def by_ffmpeg(path, codec, **metadata):
    """A second of a tone in a container of FFmpeg's."""
    with av.open(path, "w") as container:
        container.metadata.update(metadata)
        stream = container.add_stream(codec, rate=48000, layout="mono", bit_rate=64000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.float32), "fltp", "mono")
        frame.sample_rate, frame.time_base, frame.pts = 48000, Fraction(1, 48000), 0
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return path


def chunk(name, content, size_format="<I"):
    return name + struct.pack(size_format, len(content)) + content + b"\0" * (len(content) % 2)


def wav(path, *chunks):
    """A WAV file with more chunks at its end."""
    body = written(path).read_bytes()[12:] + b"".join(chunks)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body)
    return path


def info(artist):
    return chunk(b"LIST", b"INFO" + chunk(b"IART", artist + b"\0"))


def id3(*frames, version=4):
    """An ID3v2 tag of frames, each its name and its content."""
    body = b"".join(name + size_of(content, version) + b"\0\0" + content for name, content in frames)
    return b"ID3" + bytes([version, 0, 0]) + size_of(body, 4) + body


def size_of(content, version):
    """Of seven bits a byte in ID3v2.4, of eight before."""
    size = len(content)
    return bytes(size >> 7 * place & 127 for place in (3, 2, 1, 0)) if version == 4 else struct.pack(">I", size)


def mp3(path, *, before=b"", after=b""):
    path.write_bytes(before + written(path).read_bytes() + after)
    return path


def id3v1(artist):
    return b"TAG" + b"Title".ljust(30, b"\0") + artist.ljust(30, b"\0") + bytes(65)


def flac(path, *comments):
    """A FLAC file with these Vorbis comments, which come behind its first block."""
    content = written(path).read_bytes()
    listed = b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in comments)
    block = struct.pack("<I", 0) + struct.pack("<I", len(comments)) + listed
    stream = content[4:42]
    path.write_bytes(b"fLaC\0" + stream[1:] + b"\x84" + struct.pack(">I", len(block))[1:] + block + frames_of(content))
    return path


def frames_of(content):
    """What follows a FLAC file's blocks of metadata."""
    place, last = 4, False
    while not last:
        last = content[place] >= 128
        place += 4 + int.from_bytes(content[place + 1 : place + 4], "big")
    return content[place:]


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "opus", "mp3", "aiff"])
def test_all_formats_tell_artist_and_title(tmp_path, suffix):
    rate, path = 48000 if suffix == "opus" else RATE, tmp_path / f"song.{suffix}"
    with soundfile.SoundFile(path, "w", rate, 1, format="OGG" if suffix == "opus" else None,
                             subtype="OPUS" if suffix == "opus" else None) as file:  # fmt: skip
        file.artist, file.title = "Die Ärzte", "Ein Lied"
        file.write(TONE)
    assert read_tags(path) == Tags("Die Ärzte", "Ein Lied")


@pytest.mark.parametrize(("suffix", "codec"), [("m4a", "aac"), ("wma", "wmav2"), ("mka", "flac"), ("webm", "libopus")])
def test_containers_tell_artist_and_title(tmp_path, suffix, codec):
    path = by_ffmpeg(tmp_path / f"song.{suffix}", codec, artist="Die Ärzte", title="Ein Lied")
    assert read_tags(path) == Tags("Die Ärzte", "Ein Lied")


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3"])
def test_a_file_that_says_nothing_and_one_that_is_no_song_have_no_tags(tmp_path, suffix):
    assert read_tags(written(tmp_path / f"song.{suffix}")) == Tags()
    (tmp_path / f"text.{suffix}").write_bytes(b"no song")
    assert read_tags(tmp_path / f"text.{suffix}") == read_tags(tmp_path / "gone.mp3") == Tags()


def test_all_values_of_an_artist_count(tmp_path):
    assert read_tags(flac(tmp_path / "a.flac", "ARTIST=Anna", "ARTIST=Boris")).artist == "Anna; Boris"
    tag = id3((b"TPE1", b"\3Anna\0Boris"))
    assert read_tags(mp3(tmp_path / "a.mp3", before=tag)).artist == "Anna; Boris"
    assert (
        read_tags(flac(tmp_path / "b.flac", "ARTIST=Anna & Boris", "ARTISTS=Anna", "ARTISTS=Boris")).artist
        == "Anna; Boris"
    )


def test_an_album_artist_stands_in_for_an_artist(tmp_path):
    assert read_tags(flac(tmp_path / "a.flac", "ALBUMARTIST=Anna")).artist == "Anna"
    assert read_tags(flac(tmp_path / "b.flac", "ALBUMARTIST=Anna", "ARTIST=Unknown Artist")).artist == "Anna"
    assert read_tags(flac(tmp_path / "c.flac", "ALBUMARTIST=Various Artists")).artist == ""
    assert read_tags(flac(tmp_path / "d.flac", "ALBUMARTIST=Anna", "ARTIST=Boris")).artist == "Boris"


def test_wav_and_aiff_hold_id3_too(tmp_path):
    tag = id3((b"TPE1", b"\3Anna"))
    assert read_tags(wav(tmp_path / "a.wav", chunk(b"id3 ", tag))).artist == "Anna"
    content = written(tmp_path / "a.aiff").read_bytes() + chunk(b"ID3 ", tag, ">I")
    (tmp_path / "a.aiff").write_bytes(b"FORM" + struct.pack(">I", len(content) - 8) + content[8:])
    assert read_tags(tmp_path / "a.aiff").artist == "Anna"


@pytest.mark.parametrize("encoding", ["cp1251", "utf-8", "koi8-r", "cp866"])
def test_cyrillic_names_are_read_in_any_encoding_from_wav_and_mp3(tmp_path, encoding):
    names = ["Волна", "ЗИМА", "Река-2", "DJ Снег"]
    for number, name in enumerate(names):
        raw = name.encode(encoding)
        assert read_tags(wav(tmp_path / f"{number}.wav", info(raw))).artist == name
        assert read_tags(mp3(tmp_path / f"{number}.mp3", after=id3v1(raw))).artist == name
        assert read_tags(mp3(tmp_path / f"{number}.mp3", before=id3((b"TPE1", b"\0" + raw), version=3))).artist == name


def test_a_name_that_id3v1_has_cut_is_read_as_far_as_it_goes(tmp_path):
    assert (
        read_tags(mp3(tmp_path / "a.mp3", after=id3v1("Очень длинное имя".encode()[:30]))).artist
        == "Очень длинное имя"[:16]
    )


@pytest.mark.parametrize("name", ["Björk Å", "Ø", "Motörhead — live", "Été à Paris", "Mötley Crüe", "Çe"])
def test_names_in_latin_letters_stay_as_they_are(name):
    assert decoded(name.encode("cp1252")) == recovered(name) == name


def test_what_cannot_be_decoded_is_no_artist(tmp_path):
    assert read_tags(flac(tmp_path / "a.flac", "ARTIST=?????")).artist == ""
    content = flac(tmp_path / "b.flac", "ARTIST=Wolga").read_bytes().replace(b"Wolga", "Волга".encode("cp1251"))
    (tmp_path / "b.flac").write_bytes(content)
    assert read_tags(tmp_path / "b.flac").artist == ""


def test_tags_are_read_once_and_again_when_any_of_size_and_times_changes(tmp_path, monkeypatch):
    path, root = wav(tmp_path / "a.wav", info(b"Anna1")), tmp_path / "cache"
    assert read_all_tags([path, tmp_path / "gone.wav"], root) == {path: Tags("Anna1"), tmp_path / "gone.wav": Tags()}
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"Anna1", b"Anna2"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as taggers do that keep the date
    assert path.stat().st_size == before.st_size and read_all_tags([path], root)[path].artist == "Anna2"
    monkeypatch.setattr("genre_lightning.data.tags.read_tags", None)
    assert read_all_tags([path], root)[path].artist == "Anna2"


def test_two_that_read_tags_at_once_lose_none(tmp_path, monkeypatch):
    write, root = tags.write_text_whole, tmp_path / "cache"
    songs = [written(tmp_path / f"{number}.flac", "Anna", "A title") for number in range(2)]
    other = threading.Thread(target=read_all_tags, args=(songs[1:], root))

    def slowly(path, text):  # what it writes was put together before the other one begins
        if threading.current_thread() is not other:
            other.start()
            other.join(0.2)
        write(path, text)

    monkeypatch.setattr(tags, "write_text_whole", slowly)
    read_all_tags(songs[:1], root)
    other.join()
    assert [*tags.read_before(root / TAGS)] == [str(song) for song in songs]


def test_a_damaged_or_unwritable_store_costs_nothing_but_time(tmp_path):
    path, root = wav(tmp_path / "a.wav", info(b"Anna")), tmp_path / "cache"
    root.mkdir()
    for damage in ("", "[]", '{"a": 1}', '{"a": [1', "[" * 200_000, '{"checksum": 1, "tags": {}}'):
        (root / TAGS).write_text(damage)
        assert read_all_tags([path], root)[path].artist == "Anna"
    (tmp_path / "file").touch()
    assert read_all_tags([path], tmp_path / "file")[path].artist == "Anna"


def test_names_that_a_disk_has_changed_are_read_again(tmp_path):
    path, root = wav(tmp_path / "a.wav", info(b"Anna")), tmp_path / "cache"
    read_all_tags([path], root)
    (root / TAGS).write_text((root / TAGS).read_text().replace("Anna", "Anka"))
    assert read_all_tags([path], root)[path].artist == "Anna"
    assert "Anna" in (root / TAGS).read_text()


def test_songs_get_what_their_source_does_not_say(tmp_path):
    path = written(tmp_path / "a.flac", "Anna", "One")
    songs = [Track(path, "rock"), Track(path, "rock", "Unknown artist", "Two"), Track(path, "rock", "Boris")]
    told = [(track.artist, track.title) for track in with_tags(Catalogue(songs), tmp_path)]
    assert told == [("Anna", "One"), ("Anna", "Two"), ("Boris", "One")]


def test_a_placeholder_does_not_hide_the_artist_that_another_tag_names(tmp_path):
    path = wav(tmp_path / "a.wav", info(b"Unknown Artist"), chunk(b"id3 ", id3((b"TPE1", b"\3Anna"))))
    assert read_tags(path).artist == "Anna"


def test_text_that_is_utf_8_by_definition_is_taken_as_it_is(tmp_path):
    assert read_tags(flac(tmp_path / "a.flac", "ARTIST=\u00d6\u00f6")).artist == "\u00d6\u00f6"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes in folders")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp3")
    assert read_all_tags([tmp_path / "pipe.mp3"], tmp_path) == {tmp_path / "pipe.mp3": Tags()}


def test_a_recording_that_was_killed_is_not_walked_through_byte_by_byte(tmp_path):
    path = written(tmp_path / "a.wav")
    with path.open("r+b") as file:
        file.seek(40)
        file.write(bytes(4))
        file.truncate(200_000_000)  # which takes no room
    assert read_tags(path) == Tags()
