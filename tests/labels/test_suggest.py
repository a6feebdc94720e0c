import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from genre_lightning.__main__ import main
from genre_lightning.data.catalogue import Track, read_manifest
from genre_lightning.embed.embedder import SongMeans
from genre_lightning.labels.candidates import Heard, Suggestions
from genre_lightning.labels.suggest import told_automatic, told_checked
from genre_lightning.runs.precision import Automatic, Precision

GENRES = ("clicks", "noise", "tones")


@pytest.fixture
def suggest(run, capsys):
    """Run the command; returns its exit status, what it printed and what it complained of."""

    def run_command(folder, *arguments, run=run):
        with pytest.raises(SystemExit) as ended:
            main(["suggest", *map(str, (run, folder, *arguments))])
        return ended.value.code or 0, *capsys.readouterr()

    return run_command


@pytest.fixture
def new(tmp_path, write_song):
    """A folder of nine songs that no run knows, three a genre, and a broken one."""
    for genre in GENRES:
        for number in range(3):
            write_song(tmp_path / "new" / f"{genre[0]}{number}.wav", genre, 50 + number, artist=f"the {genre}")
    (tmp_path / "new" / "broken.mp3").write_text("no sound")
    return tmp_path / "new"


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.DictWriter(file, rows[0].keys()).writeheader()
        csv.DictWriter(file, rows[0].keys()).writerows(rows)


def test_songs_to_label_come_first_and_the_file_is_a_manifest_in_which_nothing_is_labelled_yet(suggest, new, run):
    status, out, err = suggest(new, "-n", "4", "--confidence", "0")
    rows, own = read(new / "suggest.csv"), list(read_manifest(run / "manifest.csv"))
    asked, sure, known = rows[:4], rows[4:9], rows[9:]
    assert status == 1 and "broken.mp3 is damaged" in err
    assert [line.split("|")[1].strip() for line in out.splitlines()[2:6]] == [row["path"] for row in asked]
    assert {row["path"] for row in asked + sure} == {
        f"{genre[0]}{number}.wav" for genre in GENRES for number in range(3)
    }
    assert all(row["genre"] == row["genre_checked"] == row["split"] == "" for row in asked + sure)
    assert {row["automatic"] for row in asked} == {""} and {row["automatic"] for row in sure} == {"1"}
    assert [Path(row["path"]) for row in known] == [track.path for track in own]
    assert [row["genre"] for row in known] == [track.genre for track in own]
    assert {track.path for track in read_manifest(new / "suggest.csv") if track.genre} == {track.path for track in own}
    page = (new / "suggest.html").read_text(encoding="utf-8")
    contents = json.loads(page.split('id="contents">')[1].split("</script>")[0])
    assert set(contents["excerpts"]) == {row["path"] for row in asked}
    assert contents["csv"].splitlines() == (new / "suggest.csv").read_text(encoding="utf-8").splitlines()


def test_a_suggestion_has_its_confidence_its_margin_its_artist_and_what_it_is_like(suggest, new, run):
    _, out, _ = suggest(new, "--output", new / "asked.csv")
    rows = read(new / "asked.csv")[:9]
    assert not (new / "suggest.csv").exists() and "asked.csv has these songs first" in out
    for row in rows:
        assert row["suggestion"] in GENRES and 1 / 3 < float(row["confidence"]) <= 1
        assert 0 <= float(row["margin"]) <= float(row["confidence"])
        assert row["artist"].startswith("the ") and row["nearest"].count("; ") == 2
    known = {f"{track.path.stem} by {track.artist} ({track.genre})" for track in read_manifest(run / "manifest.csv")}
    assert {like for row in rows for like in row["nearest"].split("; ")} <= known
    right = [row["suggestion"][0] == row["path"][0] for row in rows]
    assert np.mean(right) > 0.5


def test_what_people_have_said_is_kept_not_asked_again_and_compared(suggest, new):
    suggest(new, "-n", "3", "--confidence", "0")
    rows = read(new / "suggest.csv")
    for row, answer in zip(rows, ("clicks", "noise", "drop"), strict=False):
        row["genre_checked"] = answer
    agree = sum(row["genre_checked"] == row["suggestion"] for row in rows[:2])
    write(new / "suggest.csv", rows)
    _, out, _ = suggest(new, "-n", "3", "--confidence", "0")
    again = {row["path"]: row for row in read(new / "suggest.csv")}
    assert len(again) == len(rows)
    assert [again[row["path"]]["genre_checked"] for row in rows[:3]] == ["clicks", "noise", "drop"]
    assert not {row["path"] for row in rows[:3]} & {line.split("|")[1].strip() for line in out.splitlines()[2:5]}
    assert "Not asked about: 2 songs with labels, 1 song to be dropped, 1 song that cannot be read." in out
    assert f"Of 2 songs with labels that the run does not know, the suggestion is right for {agree}. " in out


def test_songs_that_the_run_knows_are_counted_and_keep_their_genre(suggest, new, run, tmp_path):
    other = Path(shutil.copytree(run, tmp_path / "other"))
    with (other / "manifest.csv").open("a", encoding="utf-8", newline="") as file:
        file.write(f"{(new / 'c0.wav').as_posix()},noise,,,train\r\n")
    _, out, _ = suggest(new, run=other)
    rows = {row["path"]: row for row in read(new / "suggest.csv")}
    assert "Not asked about: 1 song that the run knows, 1 song that cannot be read." in out
    assert rows["c0.wav"]["genre"] == "noise" and rows["c1.wav"]["genre"] == ""
    assert "No suggestion may be taken for a label" in out  # three songs of validation are too few to choose by
    assert {row["automatic"] for row in rows.values()} == {""}


def test_without_the_runs_features_its_songs_are_like_nothing(suggest, new, run, tmp_path):
    other = Path(shutil.copytree(run, tmp_path / "other"))
    settings = (other / ".hydra" / "config.yaml").read_text(encoding="utf-8")
    kept = next(line for line in settings.splitlines() if line.startswith("  root:") and "caches" in line)
    moved = settings.replace(kept, f"  root: '{(tmp_path / 'cache').as_posix()}'")
    (other / ".hydra" / "config.yaml").write_text(moved, encoding="utf-8")
    _, out, _ = suggest(new, run=other)
    assert "the features of the run's own songs are gone" in out
    assert {row["nearest"] for row in read(new / "suggest.csv")} == {""}


def test_what_cannot_be_done_is_one_line(suggest, new, tmp_path):
    assert suggest(tmp_path / "none")[0].startswith(f"error: there is no folder {tmp_path / 'none'}; name one with")
    told = suggest(new, "--output", tmp_path / "none" / "a.csv")[0]
    assert told.startswith(f"error: there is no folder {tmp_path / 'none'}; make it, or name another --output")
    for song in new.glob("*.wav"):
        song.replace(tmp_path / song.name)
    nothing = f"error: there is nothing to label in {new}: it has"
    told = suggest(new)[0]
    assert told.startswith(
        f"{nothing} 1 song that cannot be read; the first of these is {new / 'broken.mp3'}, which is"
    )
    write(new / "manifest.csv", [{"path": "broken.mp3", "genre_checked": "drop"}])
    assert suggest(new)[0] == f"{nothing} 1 song to be dropped"


def test_a_page_cannot_be_the_table(suggest, new):
    status, _, err = suggest(new, "--output", new / "page.html")
    assert status == 2 and f"argument --output: {new / 'page.html'} does not end with .csv" in err


def test_labels_are_compared_by_artists(heard_songs):
    alone, shared = (told_checked(heard_songs(artists), Automatic(0.5, None, False)) for artists in (30, 6))
    ends = [[int(end) for end in re.findall(r"\((\d+) to (\d+)\)", told)[0]] for told in (alone, shared)]
    assert alone.startswith("Of 30 songs with labels that the run does not know, the suggestion is right for 27. ")
    assert ends[1][1] - ends[1][0] > ends[0][1] - ends[0][0]


@pytest.fixture
def heard_songs():
    """Make suggestions for labelled songs by so many artists: three of thirty songs, by one or three, are rock, and the
    network takes all for jazz.
    """

    def make(artists):
        means = SongMeans(vectors=np.zeros((30, 2)), probabilities=np.tile([0.9, 0.1], (30, 1)))
        tracks = [
            Track(Path(f"{row}.wav"), "rock" if row < 3 else "jazz", f"artist {row * artists // 30}")
            for row in range(30)
        ]
        labelled = Heard(tracks, ["jazz", "rock"], means, [[]] * 30)
        nothing = labelled.only([])
        return Suggestions(nothing, nothing, nothing, labelled, [], {}, {})

    return make


def test_what_is_below_the_wanted_precision_is_said_and_what_is_not_known_is_not(heard_songs):
    made, measured = heard_songs(30), [Precision(20, 30, right, None, "songs") for right in (0.96, 0.9)]
    fine, poor = (told_automatic(made, Automatic(0.5, one, True)) for one in measured)
    unknown = told_automatic(made, Automatic(0.99, Precision(0, 30, float("nan"), None, "songs"), True))
    assert "That is below 95.0 %: do not take them" in poor
    assert "below" not in fine and "below" not in unknown and "is not known" in unknown
