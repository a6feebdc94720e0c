import json
import sys
from pathlib import Path

import pytest

from genre_lightning.__main__ import main
from genre_lightning.runs.predictions import read_predictions

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def explain(embedded, capsys, monkeypatch, tmp_path):
    """Run the command in an empty folder; returns its exit status, what it printed and what it complained of."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(sys, "path", [*sys.path])

    def run_command(*arguments, run=embedded):
        with pytest.raises(SystemExit) as ended:
            main(["explain", *map(str, (run, *arguments))])
        return ended.value.code or 0, *capsys.readouterr()

    return run_command


def song_of(run, split):
    return next(song.path for song in read_predictions(run) if song.split == split)


def test_a_song_is_explained_and_drawn_and_no_picture_written_over(explain, embedded):
    song = song_of(embedded, "test")
    status, out, err = explain(song)
    title, _, remark, *_ = out.splitlines()
    assert status == 0 and title.startswith(f"{song.name}: ") and " (second choice: " in title
    assert remark == f"The model has not learnt from this song, which is in test as {song.parent.name}."
    assert " Hz to " in out and "| 0:00 to 0:00.3 " in out and "most similar songs it learnt from" in out
    assert err == f"drew {song.name}.explain.png\n"
    assert Path(f"{song.name}.explain.png").read_bytes().startswith(PNG)
    assert explain(song)[2] == f"drew {song.name}.explain.2.png\n"


def test_json_holds_the_whole_map_and_songs_that_were_learnt_from(explain, embedded):
    song = song_of(embedded, "learnt_from")
    told = json.loads(explain(song, "--json", "--genre", "Noise", "--output", "new/picture.PNG")[1])
    assert Path("new", "picture.PNG").is_file() and told["explained_genre"] == "noise" and told["path"] == str(song)
    assert len(told["places"]) == len(told["times"]) * 8 and len(told["times"]) == len(told["edges_seconds"]) - 1
    assert "learnt from this song" in told["remarks"][0] and told["tags"] == {}
    learnt = {str(one.path) for one in read_predictions(embedded) if one.split == "learnt_from"} - {str(song)}
    assert len(told["similar"]) == 2 and {one["path"] for one in told["similar"]} <= learnt
    assert all(one["artist"].endswith(str(Path(one["path"]).stem)) for one in told["similar"])


def test_without_a_song_the_bands_of_every_genre_are_told(explain, embedded):
    status, out, err = explain()
    assert status == 0 and "clicks (2 songs) | noise (2 songs) | tones (2 songs)" in out
    assert "of which the model has learnt nothing" in out and err.endswith("drew run.explain.png\n")
    told = json.loads(explain("--genre", "tones", "--json")[1])
    assert [*told["genres"]] == ["tones"] and told["genres"]["tones"]["songs"] == 2
    assert len(told["genres"]["tones"]["bands"]) == 8


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.wav"], "nowhere.wav "),
        (["--genre", "polka"], "--genre: the run does not know 'polka'; it knows clicks, noise, tones"),
        (["--output", "song.mp3"], "--output: song.mp3 does not end with .png"),
    ],
)
def test_mistakes_are_told_in_a_line(explain, arguments, said):
    status, out, _ = explain(*arguments)
    assert out == "" and str(status).startswith(f"error: {said}") and "\n" not in status


def test_an_exported_file_is_sent_back_to_its_run(explain, exported):
    assert "explain reads the folder of the run that it was exported from" in explain(run=exported)[0]


def test_a_picture_that_cannot_be_written_is_told_behind_the_text(explain, embedded):
    Path("file").touch()
    status, out, _ = explain(song_of(embedded, "test"), "--output", "file/picture.png")
    assert "most similar" in out and "cannot write" in status and "--output" in status
