import numpy as np
import pytest
import torch

from genre_lightning.data.datamodule import Statistics
from genre_lightning.data.loudness import Loudness
from genre_lightning.data.spec import Spec
from genre_lightning.embed.embeddings import read_embeddings
from genre_lightning.errors import UserError
from genre_lightning.features.musicnn import MusicnnEmbedding
from genre_lightning.models.musicnn import Musicnn
from genre_lightning.predict.onnx import export
from genre_lightning.predict.predictor import Predictor
from genre_lightning.pretrained.weights import load_musicnn
from genre_lightning.runs.run import Run

RATE = {"_target_": "torch.optim.AdamW", "lr": 0.01, "weight_decay": 0.1}
pytestmark = pytest.mark.usefixtures("musicnn_weights")


def build(features="musicnn", embedding="pooled", **settings):
    shape = {"n_features": 1506, "n_frames": 1} if features == "musicnn" else {"n_features": 96, "n_frames": 187}
    choices = {"embedding": embedding, "dropout": 0.0, "encoder_rate": 0.1}
    model = Musicnn(**shape | choices | settings, n_genres=3, optimizer=RATE)
    model.prepare(Statistics(*torch.rand(2, shape["n_features"]), torch.ones(3)))
    return model


@pytest.mark.parametrize(("embedding", "width"), [("pooled", 1506), ("penultimate", 200)])
def test_both_ways_embed_a_window_as_musicnn_does(embedding, width):
    windows, network = torch.rand(2, 187, 96), load_musicnn()
    pooled = network.convolutions(windows)
    known = network.normalise(pooled)
    known = network.penultimate(known) if embedding == "penultimate" else known
    assert known.shape == (2, width)
    frozen = build("musicnn", embedding).eval()
    torch.testing.assert_close(frozen.embed(pooled[:, None]), known)
    longer = torch.rand(1, 4, 1506)  # of which the mean is what was heard
    torch.testing.assert_close(frozen.embed(longer), frozen.embed(longer.mean(dim=1, keepdim=True)))
    torch.testing.assert_close(build("musicnn_mel", embedding).eval().embed(windows), known)


@pytest.mark.parametrize(("features", "changes"), [("musicnn", {"head"}), ("musicnn_mel", {"head", "encoder"})])
def test_a_step_changes_what_is_to_be_trained_and_nothing_else(features, changes):
    model = build(features).train()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    optimizer = model.configure_optimizers()
    model(torch.rand(4, *(1, 1506) if features == "musicnn" else (187, 96))).logsumexp(dim=1).sum().backward()
    optimizer.step()
    changed = {name for name, weight in model.state_dict().items() if not torch.equal(weight, before[name])}
    assert {name.split(".")[0] for name in changed} == changes
    assert not any("running" in name or "tracked" in name for name in changed)


def test_the_encoder_learns_at_a_rate_of_its_own_also_under_a_schedule():
    model = build("musicnn_mel", encoder_rate=0.2)
    model.schedule = {"_target_": "torch.optim.lr_scheduler.OneCycleLR", "max_lr": 0.05}  # not the optimizer's
    model._trainer = type("Trainer", (), {"estimated_stepping_batches": 10, "precision": "32-true"})
    optimizer = model.configure_optimizers()["optimizer"]
    rates = {id(weight): group["lr"] for group in optimizer.param_groups for weight in group["params"]}
    head, encoder = rates[id(model.head.weight)], rates[id(model.encoder[1][1].weight)]
    assert head == pytest.approx(0.05 / 25)  # what OneCycleLR begins with
    assert encoder == pytest.approx(0.2 * head) and len(rates) == len([*model.parameters()])


def test_a_model_that_is_read_back_needs_no_weights_from_anywhere(tmp_path, monkeypatch):
    trained = build("musicnn_mel").eval()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    again = Musicnn(**trained.hparams).eval()
    again.load_state_dict(trained.state_dict())
    windows = torch.rand(2, 187, 96)
    assert torch.equal(again(windows), trained(windows)) and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("settings", "told"),
    [({"n_features": 64}, "reads features=musicnn or features=musicnn_mel"),
     ({"embedding": "all"}, "model.embedding is pooled or penultimate, not all"),
     ({"encoder_rate": -0.1}, "model.encoder_rate must be 0 or above")],
)  # fmt: skip
def test_other_features_and_choices_are_named(settings, told):
    with pytest.raises(UserError, match=told):
        build(**settings)


def test_a_timeline_judges_the_windows_around_its_moments(monkeypatch):
    """The middle of the window that judges a moment is the moment's own, within half a step."""
    spec = Spec(MusicnnEmbedding(), "float16", Loudness(None, None), 2.992, 0.5, ["noise", "tones"])
    monkeypatch.setattr("genre_lightning.predict.predictor.load", lambda *_: (spec, None))
    predictor, half = Predictor("run"), 1.488 * 10  # seconds
    starts = predictor.starts_around([half - 0.5, half + 0.5], 40)
    middle = (93 * starts[0] + 187 / 2) * 256 / 16000
    assert abs(middle - half) <= 1.488 / 2


@pytest.mark.parametrize("features", ["musicnn", "musicnn_mel"])
def test_a_run_can_be_mapped_exported_and_asked_as_any_other(train_run, map_run, songs, tmp_path, features):
    quick = ("trainer.max_epochs=1", "loader.batch_size=2", "loader.windows_per_song=1")
    run = train_run("model=musicnn", f"features={features}", f"data.root='{songs().as_posix()}'", *quick)
    assert (run / "spectrograms.png").exists() == (features == "musicnn_mel")  # one frame of 1506 numbers is no picture
    map_run(run)
    assert torch.equal(Run(run).model.encoder[2].running_var, load_musicnn().normalise.running_var)
    mapped = read_embeddings(run)
    assert mapped.vectors.shape == (9, 1506) and (run / "map.html").is_file()
    export(Run(run), tmp_path / "model.onnx")
    for predictor in (Predictor(run), Predictor(tmp_path / "model.onnx")):
        found = predictor.predict([*mapped.tracks][-1].path, every_seconds=0.5)
        np.testing.assert_allclose(
            [found.probabilities[genre] for genre in mapped.genres], mapped.probabilities[-1], atol=1e-4
        )
        assert len(found.timeline) == 2
