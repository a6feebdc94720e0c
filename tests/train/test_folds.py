import shutil
import signal
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from finished import checkpoint, curves, figures, same_weights

from genre_lightning.data.catalogue import Catalogue, Track, linked, read_manifest
from genre_lightning.data.datamodule import GenreDataModule
from genre_lightning.errors import UserError
from genre_lightning.metrics import ScoredSongs, fit_temperature
from genre_lightning.models.mlp import MLP
from genre_lightning.runs.known import known_songs, read_known
from genre_lightning.runs.predictions import read_predictions
from genre_lightning.runs.results import read_results
from genre_lightning.runs.resume import settings_to_go_on_with
from genre_lightning.runs.run import Run
from genre_lightning.train import baseline
from genre_lightning.train.fold_report import OutOfFold, calibration, of_other_folds
from genre_lightning.train.folds import Fold, Repeat, together
from genre_lightning.train.train import train

FEW = ("folds=3", "trainer.max_epochs=2")


def last(folder):
    return f"ckpt_path='{(folder / 'checkpoints/last.ckpt').as_posix()}'"


SOLVED = ("folds=2", "model=linear", "refit=false")


def predictions(folder):
    return (folder / "predictions.csv").read_text(encoding="utf-8")


def of_part(folder, part):
    return [song for song in read_predictions(folder) if song.split == part]


def heard_by(fits, baselines):
    """What notes in `fits`, for each fit, the songs that it learns from and those that are scored behind it; and in
    `baselines` those that each baseline learns from.
    """
    learn_from, test_dataloader = GenreDataModule.learn_from, GenreDataModule.test_dataloader

    def paths(data, splits):
        return {song.path for split in splits for song in data.selection.catalogue.of_split(split)}

    def learn(data, *splits):
        fits.append([paths(data, splits)])
        return learn_from(data, *splits)

    def serve(data):
        fits[-1].append([paths(data, [split]) for split in data.test_splits])
        return test_dataloader(data)

    def fit(data, splits, **settings):
        baselines.append(paths(data, splits))
        return fit_baseline(data, splits, **settings)

    fit_baseline = baseline.fit
    return [(GenreDataModule, "learn_from", learn), (GenreDataModule, "test_dataloader", serve), (baseline, "fit", fit)]


@pytest.fixture(scope="module")
def heard(train_run, tmp_path_factory):
    """A run with three folds, and what `heard_by` notes of it."""
    fits, baselines, folder = [], [], tmp_path_factory.mktemp("folds")
    with pytest.MonkeyPatch.context() as patch:
        for where, name, method in heard_by(fits, baselines):
            patch.setattr(where, name, method)
        return train_run(*FEW, into=folder, pictures=True), fits, baselines


@pytest.fixture(scope="module")
def run(heard):
    return heard[0]


def test_every_song_is_tested_once_by_a_network_that_has_not_learnt_from_it(heard):
    folds = [fit for fit in heard[1] if len(fit) > 1]
    assert len(folds) == 3
    for learnt, (tested, known) in folds:
        assert not learnt & tested and known <= learnt
    assert Counter(path for _, (tested, _) in folds for path in tested) == Counter(
        path for _, (_, known) in folds for path in known
    )
    assert {path for _, (tested, _) in folds for path in tested} == heard[1][-1][0]  # the last one learns from all
    assert heard[2] == [learnt for learnt, _ in folds]  # and each baseline from the same songs as its network


def test_the_predictions_have_every_song_out_of_fold_and_as_a_network_knows_it(run):
    songs = {song.path.resolve() for song in read_manifest(run / "manifest.csv")}
    for part in ("test", "learnt_from"):
        found = [song.path.resolve() for song in of_part(run, part)]
        assert len(found) == len(set(found)) and set(found) == songs
    right = [song.correct for song in of_part(run, "test")]
    assert sum(right) / len(right) == pytest.approx(read_results(run).splits["test"].accuracy)


def test_the_manifest_tells_each_song_s_fold_and_artists_stay_together(run):
    songs = [*read_manifest(run / "manifest.csv")]
    assert {song.split for song in songs} == {"train"} and {song.extra["tested_in_fold"] for song in songs} == {
        "1",
        "2",
        "3",
    }
    assert len({(song.artist, song.extra["tested_in_fold"]) for song in songs}) == len({song.artist for song in songs})


@pytest.mark.slow
def test_what_is_returned_is_the_log_loss_out_of_fold_before_the_temperature(run, configure):
    before = predictions(run)
    loss = train(settings_to_go_on_with(configure(*FEW, last(run)), [last(run)], run), run)
    assert loss == pytest.approx(read_results(run).splits["test"].uncalibrated_loss) and predictions(run) == before


def test_the_report_says_which_figure_to_quote(run):
    report = (run / "report.md").read_text(encoding="utf-8")
    assert "is the figure to quote" in report and "test, 3 folds" in report and "validation" not in report
    assert "30 songs was tested by a network that knew no song of its artists (3 folds)" in report
    pictures = {path.name for path in run.glob("*.png")} - {"song_1.png"}
    assert pictures == {"calibration.png", "confusion.png", "curves.png"}


def test_the_network_that_is_kept_has_learnt_from_all_songs(run):
    from genre_lightning.predict.predictor import Predictor

    assert len(checkpoint(run)["GenreDataModule"]["learnt_from"]) == 3
    assert Predictor(run).predict(next(iter(read_manifest(run / "manifest.csv"))).path).probabilities
    assert checkpoint(run)["state_dict"]["temperature"] != 1


def test_what_abstaining_needs_is_kept_of_all_songs(run):
    made = Run(run)
    found = filter(None, [made.cache.find(track.path) for track in made.catalogue])
    numbers = np.array([song.number for song in found])
    stats, kept = made.cache.stats_of(numbers).reshape(len(numbers), -1), read_known(run, made.spec.features.n_features)
    assert kept.limit == pytest.approx(known_songs(stats, linked(track.links for track in made.catalogue)).limit)
    assert np.sort(kept.stats, axis=0) == pytest.approx(np.sort(stats / kept.scale, axis=0), rel=1e-3)


def test_a_run_is_one_line_of_mean_curves(run):
    folds = [curves(folder) for folder in sorted((run / "folds").iterdir())]
    assert len(folds) == 3
    for name in ("train/loss", "val/loss", "train_songs/accuracy"):
        means = [
            sum(points) / 3 for points in zip(*([value for _, value in fold[name]] for fold in folds), strict=True)
        ]
        assert [value for _, value in curves(run)[name]] == pytest.approx(means)


@pytest.fixture(scope="module")
def solved(train_run):
    """A run with two folds and no network that learnt from all, which nobody may change."""
    return train_run(*SOLVED)


@pytest.fixture
def copied(solved, tmp_path):
    """A copy of it."""
    return Path(shutil.copytree(solved, tmp_path / "run"))


@pytest.fixture
def stopped(configure):
    """Begin or go on with a run, and stop it in the second epoch of the fit with this number."""

    def stop(folder, number, *overrides):
        step, handler = MLP.training_step, signal.getsignal(signal.SIGINT)
        fits = []

        def stopping(model, batch, batch_idx):
            fits.append(model) if not fits or model is not fits[-1] else None
            if len(fits) == number and model.current_epoch == 1:
                raise KeyboardInterrupt
            return step(model, batch, batch_idx)

        with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(MLP, "training_step", stopping)
            train(configure(*FEW, *overrides), folder)
        signal.signal(signal.SIGINT, handler)

    return stop


@pytest.mark.slow
@pytest.mark.parametrize("number", [2, 4])
def test_a_run_that_was_stopped_goes_on_within_its_fold_and_ends_as_if_nothing_had_happened(
    number, run, stopped, train_run, tmp_path
):
    stopped(tmp_path, number)
    kept = sorted((tmp_path / "folds").rglob("judged.pt"))
    before = [path.stat().st_mtime_ns for path in kept]
    assert len(kept) == number - 1 and not (tmp_path / "metrics.json").exists()
    train_run(*FEW, last(tmp_path), into=tmp_path)
    assert [path.stat().st_mtime_ns for path in kept] == before  # not done again
    assert predictions(tmp_path) == predictions(run) and same_weights(tmp_path, run)
    assert figures(tmp_path) == figures(run) and curves(tmp_path)["val/loss"] == curves(run)["val/loss"]


@pytest.mark.slow
def test_without_a_refit_no_network_learns_from_all_until_one_is_asked_for(copied, configure):
    assert not (copied / "checkpoints/model.ckpt").exists() and not read_results(copied).refitted
    before, overrides = predictions(copied), [last(copied), "refit=true"]
    train(settings_to_go_on_with(configure(*SOLVED[:2], *overrides), overrides, copied), copied)
    assert read_results(copied).refitted and predictions(copied) == before
    assert checkpoint(copied)["GenreDataModule"]["learnt_from"] == ["fold1", "fold2"]


@pytest.mark.slow
def test_repeats_test_every_song_again_in_other_folds(train_run):
    folder = train_run("folds=2", "repeats=2", "model=linear", "refit=false", pictures=True)
    songs = [*read_manifest(folder / "manifest.csv")]
    first, second = zip(*(song.extra["tested_in_fold"].split() for song in songs), strict=True)
    assert {*first} == {"1", "2"} and {*second} == {"3", "4"} and len({*zip(first, second, strict=True)}) == 4
    results = read_results(folder)
    assert len(of_part(folder, "test")) == 2 * len(songs) and results.splits["test"].songs == len(songs)
    assert sum(genre.songs for genre in results.by_genre.values()) == len(songs)
    report = (folder / "report.md").read_text(encoding="utf-8")
    assert "2 folds, 2 times with other folds" in report
    assert f"`, tested in fold {first[0]}, {second[0]}\n\n![Song 1](song_1.png)" in report


@pytest.mark.slow
def test_songs_divided_one_by_one_are_warned_of(train_run, noise_songs):
    folder = train_run(*SOLVED, "split.method=naive", f"data.root='{noise_songs.as_posix()}'")
    report = (folder / "report.md").read_text(encoding="utf-8")
    assert "Warning: there are artists on both sides" in report and "knew no song of its artists" not in report


@pytest.mark.slow
def test_a_callback_that_watches_validation_chooses_nothing(train_run):
    stop = (
        "+callbacks.stop={_target_:lightning.pytorch.callbacks.EarlyStopping,monitor:val/loss,patience:0,min_delta:9}"
    )
    folder = train_run("folds=2", "trainer.max_epochs=3", "refit=false", stop)
    assert [len(curves(fold)["train/loss"]) for fold in (folder / "folds").iterdir()] == [3, 3]


def test_a_fast_run_tries_a_fold_and_writes_no_results(train_run):
    folder = train_run("folds=2", "+trainer.fast_dev_run=true")
    assert not (folder / "metrics.json").exists()


@pytest.mark.slow
def test_a_fold_that_was_damaged_is_one_line(copied, train_run):
    (copied / "folds/fold1/judged.pt").write_bytes(b"nonsense")
    with pytest.raises(UserError, match=r"fold1.judged\.pt is damaged; remove it"):
        train_run(*SOLVED, last(copied), into=copied)


def test_a_run_does_not_go_on_with_folds_of_other_artists(copied, train_run):
    """As when artists have been filled in since: songs that were kept apart may now have to stay together."""
    manifest = (copied / "manifest.csv").read_text(encoding="utf-8")
    (copied / "manifest.csv").write_text(manifest.replace(",train,1", ",train,3"), encoding="utf-8")
    with pytest.raises(UserError, match="another split"):
        train_run(*SOLVED, last(copied), into=copied)


def songs_in(folds):
    """Songs of two artists a genre, in the folds that are named."""
    return Catalogue([
        Track(Path(f"{number}.wav"), "jazz", f"artist {number // 2}", split=fold) for number, fold in enumerate(folds)
    ])  # fmt: skip


def scored(*marks):
    """Songs that can be told from each other by their logits."""
    logits = torch.tensor([[float(mark), 0.0] for mark in marks])
    return ScoredSongs(torch.arange(len(marks)), logits, torch.zeros(len(marks), dtype=torch.long))


def test_judgements_of_unequal_folds_and_repeats_find_their_songs_again():
    """Songs 0 to 4; 10s are those of the baseline, 20s of networks that know them. A network knows the next fold."""
    first = songs_in(["fold1", "fold2", "fold1", "fold3", "fold2"])
    folds = [
        Fold(scored(0, 2), scored(21, 24), scored(10, 12), 1, 1.0),
        Fold(scored(1, 4), scored(23), scored(11, 14), 1, 1.0),
        Fold(scored(3), scored(20, 22), scored(13), 1, 1.0),
    ]
    second = songs_in(["fold5", "fold4", "fold5", "fold5", "fold4"])
    others = [
        Fold(scored(1, 4), scored(20, 22, 23), scored(11, 14), 1, 1.0),
        Fold(scored(0, 2, 3), scored(21, 24), scored(10, 12, 13), 1, 1.0),
    ]
    judged = together([Repeat(first, folds), Repeat(second, others)])
    for songs, begin in ((judged.tested, 0), (judged.baseline, 10), (judged.known, 20)):
        assert songs.song.tolist() == [0, 1, 2, 3, 4] * 2
        assert songs.logits[:, 0].tolist() == [begin + number for number in range(5)] * 2


def test_an_artist_weighs_as_much_in_the_temperature_as_one_song():
    songs = songs_in(["fold1", "fold1", "fold2", "fold2"])
    wrong_once = scored(5, 5, -5, 5)._replace(song=torch.arange(4))
    judged = OutOfFold(wrong_once, wrong_once, wrong_once)
    assert calibration(judged, songs) == pytest.approx(fit_temperature(wrong_once, [0, 0, 2, 2]))
    assert calibration(judged, songs) != pytest.approx(fit_temperature(wrong_once, [0, 1, 2, 3]))


def test_a_song_s_figures_are_at_the_temperature_of_other_folds():
    songs = songs_in(["fold1", "fold1", "fold2", "fold2"])
    judged = scored(5, 5, -5, -5)
    found = of_other_folds(OutOfFold(judged, judged, judged), [songs]).ravel().tolist()
    assert found[0] == found[1] > 1 > found[2] == found[3]  # the second fold is all wrong, and says so to the first


def test_a_run_with_folds_goes_on_for_as_long_as_it_began(copied, configure):
    overrides = [last(copied), "trainer.max_epochs=9"]
    with pytest.raises(UserError, match=r"trainer\.max_epochs=1, which cannot change to 9"):
        settings_to_go_on_with(configure(*SOLVED, *overrides), overrides, copied)
    shutil.rmtree(copied / "checkpoints")
    (copied / "metrics.json").unlink()
    with pytest.raises(UserError, match="already contains a run"):  # of which the folds are left
        train(configure("folds=2", "refit=false"), copied)
