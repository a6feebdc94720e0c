"""What lies in a folder: songs by their names, and why every other file is none."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

# What a folder of songs may hold: the formats of libsndfile and the audio formats of FFmpeg that people use.
AUDIO_SUFFIXES = frozenset([
    ".wav", ".wave", ".w64", ".rf64", ".flac", ".ogg", ".oga", ".opus", ".spx", ".mp3", ".mp2", ".mp1", ".m4a", ".m4b",
    ".m4p", ".m4r", ".mp4", ".aac", ".wma", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".ape", ".wv", ".mpc",
    ".tta", ".mka", ".mkv", ".webm", ".weba", ".ac3", ".amr", ".3gp", ".voc", ".sph", ".nist", ".dsf", ".dff",
])  # fmt: skip
# What names of other files end with. A name without such an end, `Vol. 2` or `No.5`, is not asked, the file itself is.
END = re.compile(r"\.[a-z!][a-z0-9]{0,9}", re.IGNORECASE)
# What audio files begin with: WAV, AIFF, FLAC, Ogg, MP3 with tags and without, MP4, AU, CAF, APE, WavPack and so on.
AUDIO = re.compile(
    rb"RIFF....WAVE|RF64|riff|FORM....AIF|fLaC|OggS|ID3[\2-\4]|\xff[\xfa\xfb\xf2\xf3\xe2\xe3]|.{4}ftyp"
    rb"|\.snd|caff|MAC |wvpk|TTA1|\x1a\x45\xdf\xa3|\x30\x26\xb2\x75|DSD |#!AMR",
    re.DOTALL,
)


class Files(NamedTuple):
    """The songs below a folder in a fixed order, and the reasons against everything else there, by path."""

    songs: list[Path]
    others: dict[Path, str]


def find_files(root: Path) -> Files:
    """Look at everything below a folder but what is in hidden folders; linked folders are followed."""
    found = Files([], {})
    for path, reason in below(root):
        if reason:
            found.others[path] = reason
        else:
            found.songs.append(path)
    found.songs.sort()
    return found


def below(root: Path) -> Iterator[tuple[Path, str]]:
    """Every file below a folder, and every folder that is not looked into, with the reason against it, if any."""
    unreadable: list[OSError] = []
    for name, folders, files in os.walk(root, onerror=unreadable.append, followlinks=True):
        kept = []
        for folder in sorted(folders):
            if reason := against_folder(path := Path(name, folder)):
                yield path, reason
            else:
                kept.append(folder)
        folders[:] = kept
        yield from ((path, against_file(path)) for path in (Path(name, file) for file in files))
    yield from ((Path(error.filename), f"is a folder that cannot be read: {error.strerror}") for error in unreadable)


def against_folder(path: Path) -> str:
    """Why a folder is not looked into; empty if it is."""
    if path.name.startswith("."):
        return "is a hidden folder"
    if path.is_symlink() and path.resolve() in (above.resolve() for above in path.parents):
        return "is a link to a folder that holds it"
    return ""


def against_file(path: Path) -> str:
    """Why a file is no song; empty if it may be one."""
    if path.name.startswith("."):
        return "is hidden"
    is_song = path.suffix.lower() in AUDIO_SUFFIXES
    if not is_song and END.fullmatch(path.suffix):
        return f"is no song: {path.suffix.lower()}"
    try:
        if not S_ISREG(path.stat().st_mode):  # to open a pipe would wait for ever
            return "is no file"
        return "" if is_song or begins_as_audio(path) else "is no song: it does not begin as one"
    except FileNotFoundError:
        return "is a link to nothing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def is_text(path: Path) -> bool:
    """Whether the bytes of a name are text, or no table can hold it: those that are not, Python has as surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in str(path))


def begins_as_audio(path: Path) -> bool:
    """Whether a file begins as audio files do. Raises OSError."""
    with path.open("rb") as file:
        return AUDIO.match(file.read(16)) is not None
