import json
import math
import re
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from serving import score, serve

from genre_lightning.data.catalogue import Catalogue, Track, read_manifest
from genre_lightning.data.selection import Selection, Skipped
from genre_lightning.metrics import ScoredSongs, song_metrics
from genre_lightning.models.mlp import MLP
from genre_lightning.runs.results import SCORED, GenreFigures, read_results
from genre_lightning.train.callbacks import read_history
from genre_lightning.train.evaluation import by_genre, results_of, some_windows
from genre_lightning.train.report import findings

PNG = b"\x89PNG\r\n\x1a\n"
PICTURES = ("confusion.png", "calibration.png", "spectrograms.png", "curves.png")
GENRES = ("jazz", "rock")


def predicted(genres, guesses):
    """Songs of `genres` taken for `guesses` with a confidence of 0.9."""
    probabilities = torch.full((len(genres), len(GENRES)), 0.1)
    probabilities[torch.arange(len(genres)), torch.tensor(guesses)] = 0.9
    return ScoredSongs(torch.arange(len(genres)), probabilities.log(), torch.tensor(genres))


def tracks(split, count, artist="{split} {number}"):
    return [
        Track(Path(f"{split}{n}.wav"), GENRES[n % 2], artist.format(split=split, number=n), split=split)
        for n in range(count)
    ]


def made_results(*more, refitted=False, temperature=1.0):
    """All 40 training songs known, 10 of 20 test songs; two files left out, both from train; and `more` songs."""
    songs = Catalogue([*tracks("train", 40), *tracks("val", 10), *tracks("test", 20), *more])
    skipped = [Skipped(track, "is broken") for track in tracks("train", 2, "somebody")]
    learnt = 50 if refitted else 40
    halves = {split: [n % 2 for n in range(count)] for split, count in zip(SCORED, (learnt, 10, 20), strict=True)}
    scored = {split: predicted(genres, genres) for split, genres in halves.items()}
    scored["test"] = predicted(halves["test"], [0] * 20)
    scored["train"] = predicted([n % 2 for n in range(40)], [0, 1, 1, 1] * 10)  # as the first fit has them
    baseline = {split: predicted(genres, [1 - genre for genre in genres]) for split, genres in halves.items()}
    how = {"learnt_from": ("train", "val") if refitted else ("train",), "temperature": temperature}
    return results_of(scored, baseline, Selection(songs, skipped), {"model": "MLP"}, 500, **how)


def test_every_split_has_its_figures_beside_the_baseline():
    results = made_results()
    assert [results.splits[split].accuracy for split in SCORED] == [1.0, 1.0, 0.5] and not results.refitted
    assert [results.baseline[split].accuracy for split in SCORED] == [0.0, 0.0, 0.0]
    counts = [(split.songs, split.artists, split.left_out) for split in results.splits.values()]
    assert counts == [(40, 40, 2), (10, 10, 0), (20, 20, 0)]
    assert results.left_out == {f"train{n}.wav": "is broken" for n in range(2)} and results.unjudged == {}
    gap, (low, high) = results.gap
    assert gap == pytest.approx(0.5) and 0.1 < low < 0.5 < high < 0.9
    assert results.first_fit.accuracy == 0.75 and results.val_gap.accuracy == pytest.approx(-0.25)
    ahead, (low, high) = results.ahead
    assert ahead == 0.5 and 0.1 < low < 0.5 < high < 0.9


def test_a_refitted_model_learnt_from_the_songs_of_validation_too():
    results = made_results(*tracks("val", 2, "val 3"), refitted=True)  # an artist whose songs are there already
    counts = [(split.songs, split.artists, split.left_out) for split in results.splits.values()]
    assert counts == [(52, 50, 2), (12, 10, 0), (20, 20, 0)] and results.refitted


def test_the_figures_before_the_temperature_stand_beside_those_with_it():
    plain, cooled = (made_results(temperature=temperature) for temperature in (1.0, 2.0))
    assert (plain.facts["temperature"], cooled.facts["temperature"]) == (1.0, 2.0)
    assert plain.splits["test"].uncalibrated_loss == pytest.approx(plain.splits["test"].loss)
    # 9 to 1 was 81 to 1 before, which is right for half of the test songs
    before = -(math.log(81 / 82) + math.log(1 / 82)) / 2
    test = cooled.splits["test"]
    assert (test.loss, test.uncalibrated_loss) == pytest.approx((-(math.log(0.9) + math.log(0.1)) / 2, before))
    assert (test.calibration_error, test.uncalibrated_error) == pytest.approx((0.4, 81 / 82 - 0.5))


def test_a_calibrated_model_s_calibration_error_is_told_for_as_many_songs():
    for split in made_results().splits.values():
        low, high = split.calibrated_range
        # with a confidence of 0.9 the part of right songs is 0.9, give or take two standard deviations
        assert 0 <= low < 0.05 and high == pytest.approx(1.96 * math.sqrt(0.09 / split.songs), rel=0.4)


def test_genres_that_a_split_lacks_are_named():
    selection = Selection(Catalogue([*tracks("train", 2), *tracks("val", 1), *tracks("test", 2)]), [])
    both = predicted([0, 1], [0, 1])
    scored = {"learnt_from": both, "train": both, "val": predicted([0], [0]), "test": both}
    results = results_of(scored, {"test": both}, selection, {}, 10, learnt_from=("train",), temperature=1.0)
    assert results.unjudged == {"val": ["rock"]} and results.splits["val"].f1_macro == 1.0


def test_artists_of_validation_and_test_whom_the_model_knows_are_named():
    assert made_results().shared_artists == {}
    both = [*tracks("train", 2, "Miles Davis"), *tracks("test", 2, "miles  davis")]
    assert made_results(*both).shared_artists == {"test": ["miles davis"]}
    both = [*tracks("train", 2, "Miles Davis"), *tracks("val", 2, "miles  davis")]
    assert made_results(*both, refitted=True).shared_artists == {"val": ["miles davis"]}


def test_an_artist_of_validation_is_known_after_a_refit():
    both = [*tracks("val", 2, "Miles Davis"), *tracks("test", 2, "miles  davis")]
    assert made_results(*both).shared_artists == {}
    assert made_results(*both, refitted=True).shared_artists == {"test": ["miles davis"]}


def test_an_artist_is_one_however_spelt_and_unknown_ones_are_counted_apart():
    more = [*tracks("val", 2, "Miles Davis"), *tracks("val", 2, "miles  davis"), *tracks("val", 3, "")]
    figures = made_results(*more).splits["val"]
    assert (figures.artists, figures.unknown_artists) == (11, 3)


def test_figures_by_genre_by_hand():
    rows = by_genre(predicted([0, 0, 0, 1], [0, 0, 1, 1]), GENRES)
    assert asdict(rows["jazz"]) == pytest.approx({"songs": 3, "precision": 1.0, "recall": 2 / 3, "f1": 0.8})
    assert asdict(rows["rock"]) == pytest.approx({"songs": 1, "precision": 0.5, "recall": 1.0, "f1": 2 / 3})
    assert by_genre(predicted([0, 1], [0, 0]), GENRES)["rock"] == GenreFigures(1, 0, 0, 0)  # never predicted


@pytest.fixture(scope="module")
def results(run):
    return read_results(run)


@pytest.fixture(scope="module")
def finished(run):
    return MLP.load_from_checkpoint(run / "checkpoints" / "model.ckpt", map_location="cpu", weights_only=True)


@pytest.fixture
def data(configure):
    data = serve(configure())
    data.learn_from("train", "val")
    return data


@pytest.mark.parametrize("split", ["learnt_from", "test"])
def test_the_figures_are_those_of_the_finished_model(results, finished, data, split):
    scored = score(finished, data, split)
    for name, value in song_metrics(scored).items():
        assert getattr(results.splits[split], name) == pytest.approx(value, abs=1e-4)
    if split == "test":
        assert by_genre(scored, data.genres) == results.by_genre


def test_the_validation_figures_are_those_of_the_first_fit_at_its_end(results, run):
    shown, figures = read_history(run / "history.csv"), results.splits["val"]
    assert figures.uncalibrated_loss == pytest.approx(shown["val/loss"][-1][1], abs=1e-4)
    assert figures.accuracy == pytest.approx(shown["val/accuracy"][-1][1], abs=1e-4)
    assert figures.loss <= figures.uncalibrated_loss and results.facts["temperature"] != 1


def test_the_report_says_what_was_trained_on_what(run, library):
    text = (run / "report.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {run.name}\n")
    facts = ("model: MLP", "features: LogMel", "seed: 0", "split: published", "epochs: 4")
    assert all(f"- {fact}\n" in text for fact in (*facts, f"songs from: {library.as_posix()}"))
    assert all(genre in text for genre in ("clicks", "noise", "tones")) and findings(read_results(run)) in text


def test_the_report_ends_with_what_would_do_better(run, library):
    command = f"    python train.py data=folder data.root={library.as_posix()} model=pretrained\n"
    assert (run / "report.md").read_text(encoding="utf-8").endswith(command)


def test_the_report_shows_all_pictures_that_are_there(run):
    shown = re.findall(r"!\[.*?\]\((.*?)\)", (run / "report.md").read_text(encoding="utf-8"))
    assert {"song_1.png", *PICTURES} == set(shown) == {path.name for path in run.glob("*.png")}
    assert all((run / name).read_bytes().startswith(PNG) for name in ("song_1.png", *PICTURES))


def test_the_report_shows_a_test_song_of_a_genre(run, library):
    told = (run / "report.md").read_text(encoding="utf-8")
    assert f"**clicks**: `{library / 'clicks' / '5.wav'}`, test\n\n![Song 1](song_1.png)" in told


def test_a_broken_file_is_listed_with_its_reason_and_counted(run, results, library):
    ((path, reason),) = results.left_out.items()
    assert path == str(library / "broken.wav") and "not audio" in reason
    assert [results.splits[split].left_out for split in SCORED] == [1, 0, 0]
    text = (run / "report.md").read_text(encoding="utf-8")
    assert "## Files left out: 1" in text and reason in text


def test_the_windows_shown_are_test_songs_with_their_genres(finished, data):
    windows, titles = some_windows(finished.train(), data)  # the mode in which Trainer.test leaves it
    assert len(windows) == len(titles) == 6
    assert [title.split(",")[0] for title in titles] == [data.genres[genre] for genre in data.datasets["test"].genres]
    first = data.datasets["test"].__getitems__([(0, 0)]).features.float()
    assert torch.equal(torch.from_numpy(windows[0]), first[0])
    with torch.inference_mode():
        probability, guess = finished(first).softmax(1)[0].max(0)
    assert titles[0].endswith(f"predicted {data.genres[guess]} ({100 * probability:.0f} %)")


@pytest.mark.parametrize("loggers", [pytest.param("[]", marks=pytest.mark.slow), "[tensorboard,csv]"])
def test_the_report_needs_no_logger(run, train_run, loggers):
    folder = train_run(f"logger={loggers}", pictures=loggers == "[]")
    shown, usual = (json.loads((one / "metrics.json").read_text()) for one in (folder, run))
    assert shown["run"].pop("seconds") >= 0 and usual["run"].pop("seconds") >= 0 and shown == usual
    assert loggers != "[]" or all((folder / name).is_file() for name in PICTURES)
    assert (folder / "history.csv").read_bytes() == (run / "history.csv").read_bytes()
    assert bool([*folder.glob("events.*")]) == ("tensorboard" in loggers)
    assert (folder / "csv" / "metrics.csv").is_file() == ("csv" in loggers)


def test_a_published_split_of_two_genres_may_lack_one_on_validation(write_song, train_run, tmp_path):
    rows = [("path", "genre", "split")]
    for number, split in enumerate(("train", "train", "val", "test")):
        for genre in ("noise", "tones") if split != "val" else ("noise",):
            path = write_song(tmp_path / "songs" / f"{genre}{number}.wav", genre, number)
            rows.append((path.name, genre, split))
    (tmp_path / "songs" / "manifest.csv").write_text("".join(",".join(row) + "\n" for row in rows))
    folder = train_run(f"data.root='{(tmp_path / 'songs').as_posix()}'", "trainer.max_epochs=1")
    val, test = (read_results(folder).splits[split] for split in ("val", "test"))
    assert math.isnan(val.auroc_macro) and math.isfinite(test.auroc_macro) and math.isfinite(val.f1_macro)
    told = (folder / "report.md").read_text(encoding="utf-8")
    assert "There are no songs on validation of: tones" in told
    assert "Before all else: 7 of 7 songs name no artist" in told and "publish" in told
    listed = read_manifest(Path(shutil.copy(folder / "artists.csv", tmp_path / "songs" / "manifest.csv")))
    assert all(track.path.is_file() and track.split for track in listed) and len(listed) == 7
