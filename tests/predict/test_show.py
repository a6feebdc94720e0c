from pathlib import Path

import numpy as np
import pytest
import soundfile

from genre_lightning.__main__ import main
from genre_lightning.features import picture
from genre_lightning.features.mel import LogMel
from genre_lightning.predict import show as showing

PNG = b"\x89PNG\r\n\x1a\n"
NAME = "5$ jazz مرحبا 🎷.wav"


@pytest.fixture
def show(capsys, monkeypatch, tmp_path):
    """Run the command in an empty folder; returns its exit status and what it complained of."""
    monkeypatch.chdir(tmp_path)

    def run_command(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["show", *map(str, arguments)])
        return ended.value.code or 0, capsys.readouterr().err

    return run_command


@pytest.fixture
def titles(monkeypatch):
    """The titles of the pictures that the command would draw, and where to."""
    drawn = []
    monkeypatch.setattr(picture, "sound_picture", lambda _waveform, _rate, title, _start: title)
    monkeypatch.setattr(showing, "draw", lambda title, path: drawn.append((title, path)))
    return drawn


@pytest.fixture
def stereo(tmp_path):
    """A stereo song of two seconds, which is silent on the right."""
    left = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 8000)
    soundfile.write(tmp_path / NAME, np.stack([left, 0 * left], axis=1), 8000)
    return tmp_path / NAME


def test_a_song_is_drawn_under_its_name_and_no_picture_written_over(show, stereo):
    (stereo.parent / f"{NAME}.show.png").write_bytes(b"another one")
    assert show(stereo) == (0, f"drew {NAME}.show.2.png\n")
    assert Path(f"{NAME}.show.2.png").read_bytes().startswith(PNG)
    assert Path(f"{NAME}.show.png").read_bytes() == b"another one"


@pytest.mark.parametrize("command", ["show", "explain"])
def test_help_says_that_a_picture_is_written_over_only_where_output_names_it(capsys, command):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "over any that is there" in said and f"SONG.{command}.png" in said and "numbered if that is taken" in said


def test_a_part_of_it_goes_where_it_is_asked_to(show, stereo, titles):
    assert show(stereo, "--from", "0.5", "--seconds", 1, "--output", "new/part.PNG")[0] == 0
    show(stereo, "--from", "0")
    assert titles[0] == (f"{NAME}, 0.50 to 1.50 s of 2.00 s", Path("new/part.PNG"))
    assert titles[1] == (f"{NAME}, 2.00 s", Path(f"{NAME}.show.png"))


def test_help_tells_what_long_songs_are_drawn_at():
    assert f"{picture.LONG_SECONDS / 60:g} minutes is drawn at {LogMel.sample_rate:,} samples" in showing.NOTE


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.wav"], "nowhere.wav does not exist"),
        (["."], ". is a folder, not a file"),
        (["text.mp3"], "text.mp3 is damaged, cut off or not audio"),
        (["silence.wav"], "silence.wav is silent"),
        ([NAME, "--from", "2"], f"--from: {NAME} lasts 2.00 s, so nothing of it begins at 2 s"),
        ([NAME, "--output", "song.jpg"], "--output: song.jpg does not end with .png"),
    ],
)
def test_mistakes_are_told_in_a_line(show, stereo, arguments, said):
    Path("text.mp3").write_text("no sound")
    soundfile.write("silence.wav", np.zeros(8000), 8000)
    status, _ = show(*arguments)
    assert status.startswith(f"error: {said}") and "\n" not in status and not [*Path().glob("*.png")]


@pytest.mark.parametrize("time", ["-1", "nan", "inf", "soon", ""])
def test_times_that_there_are_not_are_told_with_those_that_there_are(show, time):
    status, said = show(NAME, f"--from={time}")
    assert status == 2 and said.endswith(f"argument --from: {time!r} is not a number of seconds, 0 or above\n")
    status, said = show(NAME, f"--seconds={time.replace('-1', '0')}")
    assert status == 2 and said.endswith(" is not a number of seconds above 0\n") and "argument --seconds: '" in said
