import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genre_lightning.__main__ import main
from genre_lightning.data.extraction import extract
from genre_lightning.predict import predictor as inference

LINES = {("--json",): [1, 1], ("--csv",): [2, 1], (): [3, 1]}  # of two songs, by format
GENRES = ("clicks", "noise", "tones")
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def predict(exported, capsys, monkeypatch, tmp_path):
    """Run the command in an empty folder; returns its exit status, what it printed and what it complained of."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run_command(*arguments, run=exported):
        with pytest.raises(SystemExit) as ended:
            main(["predict", *map(str, (run, *arguments))])
        return ended.value.code, *capsys.readouterr()

    return run_command


@pytest.fixture
def music(tmp_path, write_song):
    """A folder with two songs, one of them deeper, a broken one, and files that are no songs."""
    for path, genre in (("b.wav", "tones"), ("album/a.FLAC", "noise"), (".hidden/c.wav", "tones")):
        write_song(tmp_path / "music" / path, genre, seconds=2.2)
    (tmp_path / "music" / "broken.mp3").write_text("no sound")
    (tmp_path / "music" / "cover.jpg").touch()
    return tmp_path / "music"


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_one_song_gets_a_table_of_its_genres(predict, music):
    status, out, err = predict(music / "b.wav")
    title, empty, head, _, *rows = out.splitlines()
    genre, probability = cells(rows[0])
    assert (status, err, empty) == (0, "", "") and cells(head) == ["genre", "probability"]
    assert title == f"{music / 'b.wav'}: {genre}, {probability}"
    assert sorted(cells(row)[0] for row in rows) == list(GENRES)
    assert sum(float(cells(row)[1].rstrip(" %")) for row in rows) == pytest.approx(100, abs=0.2)


def test_a_folder_gets_a_line_a_song_and_says_what_is_broken(predict, music):
    status, out, err = predict(music)
    head, _, *rows = out.splitlines()
    assert status == 1 and cells(head) == ["file", "genre", *GENRES]
    assert [cells(row)[0] for row in rows] == [str(music / "album" / "a.FLAC"), str(music / "b.wav")]
    assert all(cells(row)[1] in GENRES for row in rows)
    assert err.startswith(f"error: {music / 'broken.mp3'} is damaged, cut off or not audio") and err.count("\n") == 1


def test_csv_and_json_hold_the_same_and_a_file_named_twice_comes_once(predict, music):
    files = music / "b.wav", music / "album" / "a.FLAC", music / "b.wav"
    rows = list(csv.DictReader(io.StringIO(predict(*files, "--csv")[1])))
    songs = json.loads(predict(*files, "--json")[1])
    assert [row["path"] for row in rows] == [song["path"] for song in songs] == [str(file) for file in files[:2]]
    for row, song in zip(rows, songs, strict=True):
        assert {genre: float(row[genre]) for genre in GENRES} == song["probabilities"]
        assert row["genre"] == song["genre"] == next(iter(song["probabilities"]))
        assert float(row["from_seconds"]) == song["from_seconds"] == 0
        assert float(row["to_seconds"]) == song["to_seconds"] == 2.2 and "timeline" not in song


def test_a_run_and_the_file_exported_from_it_say_the_same(predict, music, run):
    assert predict(music / "b.wav", "--json", run=run) == predict(music / "b.wav", "--json")


def test_a_timeline_has_a_row_a_second_and_a_picture(predict, music):
    status, out, err = predict(music / "b.wav", "--timeline")
    title, _, head, _, *rows = out.splitlines()
    assert status == 0 and title.startswith(f"{music / 'b.wav'}: ") and cells(head) == ["from", "genre", *GENRES]
    assert [cells(row)[0] for row in rows if row] == ["0:00", "0:01"]
    assert err == "drew b.wav.timeline.png\n" and Path("b.wav.timeline.png").read_bytes().startswith(PNG)


def test_a_name_too_long_for_one_more_suffix_is_shortened(predict, music):
    name = "音" * 80 + ".wav"
    shutil.copy(music / "b.wav", name)
    status, _, err = predict(name, "--timeline")
    (picture,) = Path().glob("*.timeline.png")
    assert status == 0 and picture.name.startswith("音" * 60) and len(picture.name.encode()) < 220 and "drew" in err


@pytest.mark.parametrize("kind", ["--csv", "--json"])
def test_a_timeline_s_rows_can_be_closer(predict, music, kind):
    out = predict(music, "--every", "0.55", kind)[1]
    if kind == "--json":
        moments = [moment for song in json.loads(out) for moment in song["timeline"]]
        assert all(moment["genre"] == next(iter(moment["probabilities"])) for moment in moments)
    else:
        moments = list(csv.DictReader(io.StringIO(out)))
    spans = [(float(moment["from_seconds"]), float(moment["to_seconds"])) for moment in moments]
    assert spans == 2 * [(0, 0.55), (0.55, 1.1), (1.1, 1.65), (1.65, 2.2)]


def test_pictures_go_where_they_are_wanted_and_songs_called_alike_get_one_each(predict, music, write_song):
    write_song(music / "album" / "b.wav")
    predict(music, "--pictures", "new/pictures")
    drawn = sorted(path.name.removesuffix(".timeline.png") for path in Path("new/pictures").iterdir())
    assert drawn == ["a.FLAC", "b.wav", "b.wav.2"]
    assert not list(Path().glob("*.png"))


def test_what_is_no_run_has_no_songs_or_cannot_be_written_is_one_line(predict, music):
    (music / "empty").mkdir()
    Path("pictures").touch()
    assert predict(music / "empty")[0] == f"error: there are no songs in {music / 'empty'}"
    assert predict(music, run=music / "b.wav")[0].startswith(f"error: {music / 'b.wav'} is neither a finished run's")
    assert predict(music / "b.wav", "--pictures", "pictures")[0].startswith("error: cannot write ")


def test_python_s_and_the_command_s_status_tell_of_missing_files(predict, music):
    status, out, err = predict(music / "nowhere.wav", music / "b.wav", "--csv")
    assert status == 1 and len(out.splitlines()) == 2 and err == f"error: {music / 'nowhere.wav'} does not exist\n"
    assert predict(music / "nowhere.wav", "--json") == (f"error: {music / 'nowhere.wav'} does not exist", "", "")


@pytest.mark.parametrize(
    "wrong", [[], ["a", "--json", "--csv"], ["a", "--every", "0"], ["a", "--every", "nan"], ["a", "--num-workers", "0"]]
)
def test_a_wrong_command_ends_with_2(predict, wrong):
    status, out, err = predict(*wrong)
    assert (status, out) == (2, "") and "usage: genre-lightning predict" in err


def test_silence_is_told_in_every_format(predict, tmp_path, sound):
    song = np.concatenate([sound("noise", 0, 1.0), np.zeros(16000, np.int16)])
    soundfile.write(tmp_path / "song.wav", song, 8000)
    rows = predict(tmp_path / "song.wav", "--timeline")[1].splitlines()[4:]
    assert cells(rows[0])[1] in GENRES and [cells(row) for row in rows[1:3]] == [
        [begin, "silence", "", "", ""] for begin in ("0:01", "0:02")
    ]
    (told,) = json.loads(predict(tmp_path / "song.wav", "--timeline", "--json")[1])
    assert told["to_seconds"] == 3 and told["genre"] in GENRES
    assert told["timeline"][2] == {"from_seconds": 2, "to_seconds": 3, "genre": None, "probabilities": {}}
    *_, last = csv.DictReader(io.StringIO(predict(tmp_path / "song.wav", "--timeline", "--csv")[1]))
    assert (last["from_seconds"], last["genre"], last["noise"]) == ("2.0", "", "")


@pytest.fixture
def odd(tmp_path, write_song):
    """A folder of songs with names of any kind."""
    (tmp_path / "odd").mkdir()
    for name in NAMES:
        write_song(tmp_path / "plain.wav").rename(tmp_path / "odd" / name)  # libsndfile cannot write to all of them
    return tmp_path / "odd"


NAMES = ["Ünï códe 歌.wav", 'a, "b" | c.wav', "$x^2$.wav", "two\nlines\x1b[31m.wav", "no text \udce9.wav"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_of_any_kind_are_printed_and_can_be_found_again(predict, odd, recwarn):
    paths = [song["path"] for song in json.loads(predict(odd, "--json")[1])]
    assert paths == [str(path) for path in sorted(odd.iterdir())]
    lines = predict(odd, "--timeline")[1].splitlines()
    titles = [line for line in lines if line and line[0] != "|"]
    assert len(titles) == len(NAMES) and all(line.isprintable() for line in lines)
    assert len(list(Path().glob("*.png"))) == len(NAMES) and not recwarn.list


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_csv_holds_names_byte_for_byte(exported, odd):
    command = [sys.executable, "-m", "genre_lightning", "predict", exported, odd, "--csv"]
    printed = subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    rows = csv.DictReader(io.StringIO(printed.stdout.decode(errors="surrogateescape"), newline=""))
    assert [Path(row["path"]) for row in rows] == sorted(odd.iterdir())
    assert printed.stderr == b""


@pytest.mark.skipif(sys.platform == "win32", reason="closes pipes otherwise")
def test_a_reader_that_goes_away_is_no_error(exported, library):
    command = [sys.executable, "-m", "genre_lightning", "predict", exported, library / "tones", "--csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b"" and process.wait() == 141


@pytest.mark.parametrize("kind", [["--json"], ["--csv"], []])
def test_each_row_is_printed_before_the_next_song_is_read(predict, music, kind, monkeypatch, capsys):
    class Slow(inference.Predictor):
        def predict_all(self, paths, every_seconds=None, engine=None):
            for path in paths[:2]:
                yield path, self.predict(path)
                said.append(capsys.readouterr().out)

    said = []
    monkeypatch.setattr(inference, "Predictor", Slow)
    status, out, _ = predict(music, *kind)
    assert status == 0 and [text.count("\n") for text in said] == LINES[tuple(kind)]
    assert "a.FLAC" in said[0] and "b.wav" in said[1] and out in ("", "]\n")
    assert kind or len({len(line) for text in said for line in text.splitlines()}) == 1, "columns are not aligned"


def test_no_error_of_a_file_ends_the_others(predict, music, monkeypatch):
    def read(path, *rest):
        if path.name == "a.FLAC":
            raise MemoryError
        return extract(path, *rest)

    monkeypatch.setattr(inference, "extract", read)
    status, out, err = predict(music, "--csv")
    assert status == 1 and len(out.splitlines()) == 2 and "b.wav" in out
    assert f"error: {music / 'album' / 'a.FLAC'} takes more memory than there is" in err


@pytest.mark.parametrize("kind", [["--json"], ["--csv"], []])
def test_ctrl_c_keeps_what_was_found_so_far(predict, music, kind, monkeypatch, survive_the_end):
    class Stopped(inference.Predictor):
        def predict_all(self, paths, every_seconds=None, engine=None):
            yield paths[1], self.predict(paths[1])
            raise KeyboardInterrupt

    monkeypatch.setattr(inference, "Predictor", Stopped)
    status, out, err = predict(music, *kind)
    assert status == 130 and err == "\nstopped; what was done so far is kept\n"
    if kind == ["--json"]:
        assert len(json.loads(out)) == 1
    else:
        assert str(music / "b.wav") in out
