import lightning
import numpy as np
import pytest
import torch
from serving import serve
from sklearn.linear_model import LogisticRegression

from genre_lightning.data.windows import Statistics
from genre_lightning.devices import without_harmless_warnings
from genre_lightning.embed.embeddings import read_embeddings
from genre_lightning.errors import UserError
from genre_lightning.models.linear import STRENGTHS, USUAL_STRENGTH, Linear, choose_strength, fitted
from genre_lightning.predict.onnx import export
from genre_lightning.predict.predictor import Predictor
from genre_lightning.runs.run import Run
from genre_lightning.train.train import build_model

ADAM = {"_target_": "torch.optim.AdamW", "lr": 0.01, "weight_decay": 0.1}


def linear(n_genres=3, n_features=5, **settings):
    return Linear(n_features=n_features, n_frames=4, n_genres=n_genres, optimizer=ADAM, **settings)


def songs_of(n_genres, songs=60, n_features=5, spread=1.0):
    """Vectors of songs around the middle of their genre, the genres, and artists of three songs each."""
    rng = np.random.default_rng(0)
    genres = np.arange(songs) % n_genres
    vectors = rng.standard_normal((n_genres, n_features))[genres] + spread * rng.standard_normal((songs, n_features))
    return vectors, genres, np.arange(songs) // (3 * n_genres) * n_genres + genres


@pytest.mark.parametrize("n_genres", [2, 3])
def test_the_head_is_scikit_learn_s_logistic_regression(n_genres):
    vectors, genres, groups = songs_of(n_genres)
    model = linear(n_genres, C=0.3)
    model.solve(torch.from_numpy(vectors).float(), torch.from_numpy(genres), groups)
    expected = LogisticRegression(C=0.3, max_iter=5000).fit(vectors, genres).predict_proba(vectors)
    found = model.head(torch.from_numpy(vectors).float()).softmax(dim=1).detach()
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_class_weights_give_a_rare_genre_as_much_weight():
    vectors, genres, groups = songs_of(2, spread=3.0)
    few = (genres == 0) | (np.arange(60) < 12)
    share = []
    for class_weights in (False, True):
        model = linear(2, C=0.1, class_weights=class_weights)
        model.solve(torch.from_numpy(vectors[few]).float(), torch.from_numpy(genres[few]), groups[few])
        share.append(float(model.head(torch.from_numpy(vectors).float()).argmax(dim=1).double().mean()))
    assert share[0] < share[1] - 0.1


def test_the_strength_is_what_predicts_other_artists_best():
    vectors, genres, groups = songs_of(3, spread=2.0)
    assert STRENGTHS[0] < choose_strength(vectors, genres, groups, None) < STRENGTHS[-1]
    noise = np.random.default_rng(1).standard_normal((60, 40))
    assert choose_strength(noise, genres, groups, None) == STRENGTHS[0]  # of nothing, nothing is to be learnt
    apart = 10 * np.eye(3)[genres] + 0.1 * noise[:, :3]
    assert choose_strength(apart, genres, groups, None) == STRENGTHS[-1]


def test_an_artist_s_other_songs_do_not_count_as_proof():
    """What tells artists apart and nothing else looks good song by song, and is worthless."""
    genres, artists = np.arange(120) % 2, np.arange(120) // 20 * 2 + np.arange(120) % 2
    vectors = np.random.default_rng(0).standard_normal((12, 8))[artists]
    by_artist, by_song = (choose_strength(vectors, genres, groups, None) for groups in (artists, np.arange(120) // 2))
    assert by_artist <= 0.01 and by_song >= 0.1


@pytest.mark.parametrize(
    ("genres", "groups"),
    [([0, 1, 0, 1], [7, 7, 7, 7]), ([0, 0, 0, 1], [0, 0, 2, 3]), ([0, 0, 1, 1], [0, 0, 1, 1]), (4 * [0, 1], range(8))],
    ids=["one artist", "one song of a genre", "one artist a genre", "no artist known"],
)
def test_with_too_few_artists_or_songs_the_usual_strength_is_taken_without_a_warning(genres, groups):
    vectors = np.random.default_rng(0).standard_normal((len(genres), 3))
    assert choose_strength(vectors, np.array(genres), np.array(groups), None) == USUAL_STRENGTH


def test_a_strength_that_is_none_is_refused():
    with pytest.raises(UserError, match=r"model\.C must be above 0, or null, not 0"):
        linear(C=0.0)


def test_a_genre_without_songs_is_told_of():
    with pytest.raises(UserError, match="model=linear needs songs of every genre"):
        linear(3).solve(torch.randn(4, 5), torch.tensor([0, 1, 0, 1]), np.arange(4))


@pytest.fixture
def solved(configure):
    """A model that is solved on the library's songs, the data, and the Trainer."""

    def fit(*overrides):
        config = configure("model=linear", "augment=gain", *overrides)
        data = serve(config)
        model = build_model(config, data)
        trainer = lightning.Trainer(
            accelerator="cpu", max_epochs=config.trainer.max_epochs, logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
            use_distributed_sampler=False,
        )  # fmt: skip
        with without_harmless_warnings():
            trainer.fit(model, data)
        return model, data, trainer

    return fit


def test_it_is_fitted_on_exactly_what_is_averaged_at_test(solved):
    model, data, trainer = solved("model.C=0.1")
    dataset = data.datasets["train"]
    windows = list(data.whole_songs("train"))
    features = torch.cat([batch.features for batch in windows]).float()
    songs = torch.cat([batch.song for batch in windows])
    embedded = model.requires_grad_(False).embed(features)
    means = torch.stack([embedded[songs == song].mean(dim=0) for song in range(len(dataset))])
    expected = fitted(means.double().numpy(), dataset.genres.numpy(), 0.1, None)
    np.testing.assert_allclose(model.head.weight, expected.coef_, atol=1e-3)
    logits = torch.stack([model(features)[songs == song].mean(dim=0) for song in range(len(dataset))])
    torch.testing.assert_close(logits, model.head(means))
    accuracy = float((logits.argmax(dim=1) == dataset.genres).double().mean())
    assert trainer.callback_metrics["train/accuracy"] == pytest.approx(accuracy)
    loss = float(torch.nn.functional.cross_entropy(logits, dataset.genres))
    assert trainer.callback_metrics["train/loss"] == pytest.approx(loss, abs=1e-5)


def test_validation_sees_the_solved_head_and_the_seed_decides_nothing(solved):
    model, data, trainer = solved("model.C=0.1")
    seen = float(trainer.callback_metrics["val/loss"])
    with without_harmless_warnings():
        (again,) = trainer.validate(model, data, verbose=False)
    assert again["val/loss"] == pytest.approx(seen) and seen < 1.0  # that of who knows nothing is 1.1
    assert torch.equal(solved("model.C=0.1", "seed=1")[0].head.weight, model.head.weight)


def test_a_second_epoch_changes_nothing(solved):
    once, twice = solved()[0], solved("trainer.max_epochs=2")[0]
    assert torch.equal(once.head.weight, twice.head.weight)


def test_the_order_of_frames_and_augmentations_make_no_difference(solved):
    model, data, _ = solved("augment.gain.gain_db=20")
    assert torch.equal(solved("augment=[]")[0].head.weight, model.head.weight)
    features = next(iter(data.val_dataloader())).features.float()
    torch.testing.assert_close(model(features.flip(1)), model(features))


def test_the_strength_of_its_head_is_a_fact_of_the_run_also_when_it_is_read_back(solved):
    model = solved()[0]
    again = Linear(**model.hparams)
    again.load_state_dict(model.state_dict())
    assert again.facts() == model.facts() and model.facts()["C"].startswith("0.03, chosen inside the songs it learnt")
    assert solved("model.C=0.1")[0].facts() == {"C": "0.1"}


def test_a_model_that_is_read_back_says_the_same(solved):
    model = solved("model.C=1")[0].eval()
    again = Linear(**model.hparams).eval()
    again.load_state_dict(model.state_dict())
    again.prepare(Statistics(model.encoder[0].mean, model.encoder[0].std, torch.ones(3)))
    window = torch.randn(2, *model.hparams["n_frames"] * torch.ones(1).int(), model.hparams["n_features"])
    assert torch.equal(again(window), model(window))


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_weights")
def test_a_run_on_frozen_encoders_can_be_mapped_exported_and_asked_as_any_other(train_run, map_run, songs, tmp_path):
    run = train_run("model=pretrained", f"data.root='{songs(seconds=2.2).as_posix()}'")
    assert not (run / "spectrograms.png").exists()  # what encoders hear is no picture
    map_run(run)
    mapped = read_embeddings(run)
    assert mapped.vectors.shape == (9, 1890) and (run / "map.html").is_file()
    export(Run(run), tmp_path / "model.onnx")
    for predictor in (Predictor(run), Predictor(tmp_path / "model.onnx")):
        found = predictor.predict([*mapped.tracks][-1].path, every_seconds=1.0)
        np.testing.assert_allclose(
            [found.probabilities[genre] for genre in mapped.genres], mapped.probabilities[-1], atol=1e-4
        )
        assert len(found.timeline) == 2
