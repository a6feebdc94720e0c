import csv
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from genre_lightning.data.catalogue import Catalogue, read_manifest, write_manifest
from genre_lightning.data.sources.folder import folder
from genre_lightning.errors import UserError
from genre_lightning.labels.audit import audit, songs_folder
from genre_lightning.runs.run import CONFIG, Run

GENRES = ("clicks", "noise", "tones")
DOUBTED = {"noise/3.wav": (0.7, 0.1, 0.2), "tones/1.wav": (0.2, 0.6, 0.2), "clicks/5.wav": (0.3, 0.45, 0.25)}


def write_predictions(run, rows):
    """Write predictions.csv of `(path, genre, split, probabilities)`."""
    with (run / "predictions.csv").open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(["path", "genre", "split", "predicted", *GENRES])
        for path, genre, split, probabilities in rows:
            guess = max(zip(probabilities, GENRES, strict=True))[1]
            lines.writerow([path.as_posix(), genre, split, guess, *probabilities])


def sure_of(genre):
    return [0.9 if one == genre else 0.05 for one in GENRES]


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def library_copy(library, tmp_path):
    """The library's songs, which may be changed."""
    return Path(shutil.copytree(library, tmp_path / "songs"))


@pytest.fixture
def crossed(run, library, library_copy, tmp_path):
    """A run as cross-validation leaves it, whose folds doubt the labels in DOUBTED; its songs lie in `library_copy`."""
    made = Path(shutil.copytree(run, tmp_path / "run", ignore=shutil.ignore_patterns("*.png", "events*")))
    config = (made / CONFIG).read_text(encoding="utf-8")
    (made / CONFIG).write_text(config.replace(library.as_posix(), library_copy.as_posix()), encoding="utf-8")
    tracks = []
    for number, track in enumerate(read_manifest(made / "manifest.csv")):
        path, fold = library_copy / track.path.relative_to(library), {"tested_in_fold": str(number % 5)}
        tracks.append(replace(track, path=path, split="train", extra=fold))
    write_manifest(Catalogue(tracks), made / "manifest.csv")
    rows = []
    for track in tracks:
        doubted = DOUBTED.get(track.path.relative_to(library_copy).as_posix())
        rows.append((track.path, track.genre, "test", doubted or sure_of(track.genre)))
        rows.append((track.path, track.genre, "learnt_from", sure_of(track.genre)))
    write_predictions(made, rows)
    return made


def test_contradicted_labels_come_first_the_least_probable_one_at_the_top(crossed):
    told = audit(Run(crossed)).splitlines()
    assert told[0].startswith("3 of 30 songs sound more like another genre than like their own")
    shown = [[cell.strip() for cell in line.split("|")[1:5]] for line in told[4:7]]
    assert shown == [
        ["noise/3.wav", "noise", "clicks", "70.0 %"],
        ["tones/1.wav", "tones", "noise", "60.0 %"],
        ["clicks/5.wav", "clicks", "noise", "45.0 %"],
    ]
    assert "cross-validated" not in " ".join(told)
    rows = read(crossed / "audit.csv")
    assert [row["path"] for row in rows[:3]] == [*DOUBTED] and len(rows) == 31
    assert [*rows[0]][-5:] == ["genre_checked", "suggestion", "confidence", "label_quality", "nearest"]
    assert [*rows[0].values()][-5:-1] == ["", "clicks", "0.7000", "0.1000"] and "tested_in_fold" not in rows[0]


def fill_in(run, file):
    """Say of three doubtful songs what was heard, and save the list as `file`."""
    answers = {"noise/3.wav": "Clicks", "tones/1.wav": "tones", "clicks/5.wav": "drop"}
    rows = [row | {"genre_checked": answers.get(row["path"], "")} for row in read(run / "audit.csv")]
    with file.open("w", newline="", encoding="utf-8") as lines:
        table = csv.DictWriter(lines, [*rows[0]])
        table.writeheader()
        table.writerows(rows)


def test_the_list_is_the_manifest_of_the_songs_with_what_was_heard(crossed, library_copy):
    before = {track.path: track for track in folder(str(library_copy))}
    audit(Run(crossed))
    fill_in(crossed, library_copy / "manifest.csv")
    after = {track.path: track for track in folder(str(library_copy))}
    changed = {library_copy / "noise/3.wav": "clicks", library_copy / "clicks/5.wav": ""}
    assert after.keys() == before.keys()  # also the broken file, which is in no run
    assert {path: track.genre for path, track in after.items()} == {
        path: changed.get(path, track.genre) for path, track in before.items()
    }
    assert all(
        after[path].split == track.split and after[path].artist == track.artist for path, track in before.items()
    )


def test_songs_that_were_heard_are_not_asked_about_again(crossed, library_copy):
    audit(Run(crossed))
    fill_in(crossed, library_copy / "manifest.csv")
    told = audit(Run(crossed))
    assert told.startswith(
        "0 of 27 songs sound more like another genre than like their own (3 others were heard already"
    )
    again = {row["path"]: (row["genre"], row["genre_checked"]) for row in read(crossed / "audit.csv")}
    assert again["noise/3.wav"] == ("clicks", "Clicks") and again["tones/1.wav"] == ("tones", "tones")
    assert again["clicks/5.wav"] == ("", "drop")


def test_what_was_filled_in_is_not_lost_if_the_audit_is_done_again_before_it_is_used(crossed):
    audit(Run(crossed))
    fill_in(crossed, crossed / "audit.csv")
    audit(Run(crossed))
    again = {row["path"]: (row["genre"], row["genre_checked"]) for row in read(crossed / "audit.csv")}
    assert again["noise/3.wav"] == ("noise", "clicks") and again["clicks/5.wav"] == ("clicks", "drop")


def test_nearest_songs_are_named_as_the_finished_network_hears_them(crossed):
    told = audit(Run(crossed))
    noise, tones, clicks, *others = read(crossed / "audit.csv")
    assert noise["nearest"].count("noise artist") == 3 and "noise artist 3 " not in noise["nearest"]
    assert noise["nearest"].endswith(" (noise)") and tones["nearest"] and clicks["nearest"]
    assert "| noise, noise, noise " in told and not any(row["nearest"] for row in others)


def test_without_features_the_list_lacks_only_the_nearest_songs(crossed, tmp_path):
    told = audit(Run(crossed, cache_root=str(tmp_path / "nothing")), tmp_path / "list.csv")
    assert f"Nearest songs are missing where a file is gone, or its features in {tmp_path / 'nothing'}" in told
    assert [row["suggestion"] for row in read(tmp_path / "list.csv")[:3]] == ["clicks", "noise", "noise"]
    assert (tmp_path / "list.html").is_file() and not (crossed / "audit.csv").exists()


def test_the_mean_counts_where_folds_were_repeated(crossed, library_copy):
    tracks = read_manifest(crossed / "manifest.csv")
    pairs = [(track, sure_of(track.genre)) for track in tracks]
    other = library_copy / "noise" / "0.wav"
    rows = [(track.path, track.genre, "test", sure) for track, sure in pairs]
    rows += [(track.path, track.genre, "test", (1, 0, 0) if track.path == other else sure) for track, sure in pairs]
    write_predictions(crossed, rows)
    audit(Run(crossed))
    (first, second, *_) = read(crossed / "audit.csv")
    assert [first[name] for name in ("path", "suggestion", "confidence", "label_quality")] == [
        "noise/0.wav", "clicks", "0.5250", "0.4500"
    ]  # fmt: skip
    assert second["suggestion"] == second["genre"]


def test_an_ordinary_run_is_audited_as_far_as_it_goes(run, tmp_path):
    told = audit(Run(run), tmp_path / "audit.csv")
    assert " of 12 songs sound more like another genre" in told
    assert "18 of its 30 songs were judged by no network that had not learnt from them" in told
    assert "train again with folds=5" in told
    judged = [row for row in read(tmp_path / "audit.csv") if row["suggestion"]]
    assert len(judged) == 12 and {row["split"] for row in judged} == {"val", "test"}


def test_songs_of_other_sources_are_listed_for_the_folder_that_holds_them_all(crossed, library_copy):
    config = (crossed / CONFIG).read_text(encoding="utf-8")
    moved = config.replace("sources.folder.folder", "sources.gtzan.gtzan")
    (crossed / CONFIG).write_text(moved, encoding="utf-8")
    (library_copy / "manifest.csv").unlink()
    assert songs_folder(Run(crossed)) == library_copy
    audit(Run(crossed))
    rows = read(crossed / "audit.csv")
    assert (
        rows[0]["path"] == "noise/3.wav" and {row["split"] for row in rows} == {""} and "tested_in_fold" not in rows[0]
    )


def test_what_cannot_be_written_is_told_in_a_line(crossed, tmp_path):
    with pytest.raises(UserError, match=r"cannot write .*nowhere.*--output FILE.csv"):
        audit(Run(crossed), tmp_path / "nowhere" / "audit.csv")


def test_a_folder_that_is_no_run_is_told_in_a_line(tmp_path):
    with pytest.raises(UserError, match="not a finished run"):
        audit(Run(tmp_path))
