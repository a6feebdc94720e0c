import json
import re

import pytest
import torch

from genre_lightning.data.catalogue import SPLITS
from genre_lightning.metrics import score_songs, song_metrics
from genre_lightning.models.mlp import MLP
from genre_lightning.train.evaluation import some_windows
from genre_lightning.train.report import by_genre
from genre_lightning.train.tensorboard import curves
from genre_lightning.train.train import build_data

PNG = b"\x89PNG\r\n\x1a\n"
PICTURES = ("confusion_val.png", "confusion_test.png", "spectrograms.png", "curves.png")


@pytest.fixture(scope="module")
def figures(run):
    return json.loads((run / "metrics.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def best(run):
    return MLP.load_from_checkpoint(run / "checkpoints" / "best.ckpt", map_location="cpu", weights_only=True)


@pytest.fixture
def data(configure):
    return build_data(configure())[1]


def test_metrics_json_has_every_split_and_the_baseline(figures):
    assert {*SPLITS, "baseline", "gap", "by_genre", "left_out", "shared_artists", "run"} == set(figures)
    for split in SPLITS:
        assert 0 <= figures[split]["accuracy"] <= 1 and 0 <= figures["baseline"][split]["accuracy"] <= 1
    assert [figures[split]["songs"] for split in SPLITS] == [18, 6, 6]


@pytest.mark.parametrize("split", SPLITS)
def test_the_figures_are_those_of_the_best_checkpoint(figures, best, data, split):
    scored = score_songs(best, data.regular_loader(split), torch.device("cpu"), split)
    for name, value in song_metrics(scored).items():
        assert figures[split][name] == pytest.approx(value, abs=1e-4)
    if split == "test":
        assert by_genre(scored, data.genres) == figures["by_genre"]["test"]


def test_the_validation_figures_are_those_of_the_best_epoch(figures, run):
    shown = curves(run)
    losses = [loss for _, loss in shown["val/loss"]]
    epoch = losses.index(min(losses))
    for name in ("loss", "accuracy", "f1_macro"):
        assert figures["val"][name] == pytest.approx(shown[f"val/{name}"][epoch][1], abs=1e-4)


def test_the_report_says_what_was_trained_on_what(run):
    text = (run / "report.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {run.name}\n")
    for fact in (
        "model: MLP",
        "features: LogMel",
        "seed: 0",
        "songs from: folder",
        "split: auto",
        "epochs: 4",
        "best epoch by: val/loss",
    ):
        assert f"- {fact}\n" in text
    assert all(genre in text for genre in ("clicks", "noise", "tones"))


def test_the_report_s_table_has_the_figures_of_metrics_json(run, figures):
    text = (run / "report.md").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith("| accuracy"))
    shares = [float(share) for share in re.findall(r"([\d.]+) %", row)]
    expected = [100 * figures[split]["accuracy"] for split in SPLITS] + [100 * figures["baseline"]["test"]["accuracy"]]
    assert shares == pytest.approx(expected, abs=0.06)


@pytest.mark.parametrize("name", PICTURES)
def test_the_pictures_are_there(run, name):
    assert (run / name).read_bytes().startswith(PNG)


def test_pictures_that_the_report_shows_exist(run):
    shown = re.findall(r"!\[.*?\]\((.*?)\)", (run / "report.md").read_text(encoding="utf-8"))
    assert shown and all((run / name).is_file() for name in shown)


def test_a_broken_file_is_listed_with_its_reason_and_counted(run, figures, library):
    (left_out,) = figures["left_out"]
    assert left_out["path"] == str(library / "broken.wav") and "not audio" in left_out["reason"]
    assert [figures[split]["left_out"] for split in SPLITS] == [1, 0, 0]
    text = (run / "report.md").read_text(encoding="utf-8")
    assert "## Left out: 1 files" in text and left_out["reason"] in text


def test_the_windows_shown_are_test_songs_with_their_genres(best, data):
    windows, titles = some_windows(best.eval(), data)
    assert len(windows) == len(titles) == 6
    assert [title.split(",")[0] for title in titles] == [data.genres[genre] for genre in data.datasets["test"].genres]
    first = data.datasets["test"].__getitems__([(0, 0)]).features.float()
    assert torch.equal(torch.from_numpy(windows[0]), first[0])
    with torch.inference_mode():
        share, guess = best(first).softmax(1)[0].max(0)
    assert titles[0].endswith(f"taken for {data.genres[guess]} ({100 * share:.0f} %)")
