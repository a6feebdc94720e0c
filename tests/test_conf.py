"""Every choice that conf/ offers can be made: it composes, and a batch is trained with it."""

import re
from itertools import product

import lightning
import pytest
import torch
from composing import CONF, compose
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import OmegaConf
from serving import serve

from genre_lightning.config import check_types
from genre_lightning.errors import UserError, explain
from genre_lightning.features.mel import LogMel
from genre_lightning.runs.questions import QUESTIONS
from genre_lightning.train.checks import check
from genre_lightning.train.train import build_model, build_trainer, fit

GROUPS = ("model", "features", "augment", "trainer", "data", "projection", "engine")
MODELS, FEATURES, AUGMENTS, TRAINERS, DATA, PROJECTIONS, ENGINES = (
    sorted(path.stem for path in (CONF / group).glob("*.yaml")) for group in GROUPS
)
EXPERIMENTS = sorted(path for path in (CONF / "experiment").glob("*.yaml") if path.stem not in QUESTIONS)
HEADER = re.compile(
    r"# @package _global_\n# (?P<what>.+)\n# command: (?P<command>.+)\n# hardware: .+\n"
    r"# time: (?P<time>.+) a run\n# score: learnt from (?P<learnt_from>.+), validation (?P<val>.+), test (?P<test>.+)\n"
)
REFUSED = (UserError, InstantiationException)  # Hydra 1.4 lets errors through, 1.3 wraps them
ONE_BATCH = ("trainer.limit_train_batches=1", "trainer.max_epochs=1")
GPU = torch.cuda.is_available() or torch.backends.mps.is_available()


@pytest.fixture
def train_a_batch(configure, tmp_path):
    """Train a batch as train() does; returns the data module."""

    def trained(*overrides):
        config = configure(*ONE_BATCH, *overrides)
        is_solved = config.loader.windows_per_song == "all"  # a head that is not trained, but fitted to all songs
        if is_solved:
            config.trainer.limit_train_batches = None
        check(config)
        trainer, data = build_trainer(config, tmp_path, []), serve(config)
        model = build_model(config, data)
        before = model.head.weight.detach().clone()
        fit(trainer, model, data, None)
        assert trainer.global_step == (0 if is_solved else 1)
        assert not torch.equal(model.head.weight.detach().cpu(), before)
        assert all(torch.isfinite(weight).all() for weight in model.parameters())
        return data

    return trained


def test_there_is_a_test_for_every_group():
    groups = {path.parent.name for path in CONF.glob("*/*.yaml")}
    assert groups == {*GROUPS, "experiment", "callbacks", "logger", "search"}


def test_there_is_something_to_search_for_every_model(configure):
    assert sorted(path.stem for path in (CONF / "search").glob("*.yaml")) == MODELS
    for model in MODELS:
        space, config = OmegaConf.load(CONF / "search" / f"{model}.yaml"), configure(f"model={model}")
        for key in space:
            OmegaConf.select(config, str(key), throw_on_missing=True)
            assert OmegaConf.select(config, str(key), default="nothing") != "nothing"


EACH_ONCE = {("cnn", features) for features in FEATURES} | {(model, "logmel") for model in MODELS}
PAIRS = [pytest.param(*one, marks=[] if one in EACH_ONCE else pytest.mark.slow) for one in product(MODELS, FEATURES)]


@pytest.mark.usefixtures("encoder_weights")
@pytest.mark.parametrize(("model", "features"), PAIRS)
def test_every_model_learns_from_all_features_or_says_which_ones_it_reads(train_a_batch, model, features):
    try:
        data = train_a_batch(f"model={model}", f"features={features}", "loader.batch_size=4")
    except REFUSED as error:
        assert f"model={model} reads features=" in explain(error)
        assert f"features={features}" not in re.split(r"[ ,]", explain(error))
    else:
        assert data.window_shape[1] == data.cache.features.n_features


@pytest.mark.usefixtures("encoder_weights")
def test_pretrained_is_one_word_for_encoders_and_a_head(configure, train_a_batch):
    both, one_by_one = (configure(*words) for words in (("model=pretrained",), ("model=linear", "features=pretrained")))
    assert both.model == one_by_one.model and both.features == one_by_one.features and not both.augment
    assert both.loader.windows_per_song == "all" and both.trainer.max_epochs == 1
    data = train_a_batch("model=pretrained", "features.encoders=[musicnn]", "features.step_seconds=0.5")
    assert data.window_shape == (2, 1506) and data.features.sample_rate == 16000  # no song is longer than 1.1 s


def test_features_choose_augmentations_as_long_as_nobody_else_does(configure):
    assert not configure("features=chroma").augment and not configure("features=pretrained").augment
    assert list(configure("features=pretrained", "augment=[specaugment,mixup]").augment) == ["specaugment", "mixup"]
    assert list(configure("model=pretrained", "augment=mixup").augment) == ["mixup"]


def test_an_lstm_reads_the_frames_themselves_of_features_that_make_no_picture(configure):
    assert configure("model=lstm", "features=pretrained").model.channels == []
    assert configure("model=lstm", "features=logmel").model.channels == [24, 48, 96, 128]


def test_an_augmentation_that_does_not_fit_is_named_before_songs_are_read(configure, tmp_path):
    nothing = f"data.root='{tmp_path.as_posix()}'"
    with pytest.raises(UserError, match="augment: gain needs mel bands, which Pretrained features do"):
        check(configure("features=pretrained", "augment=gain", nothing))


@pytest.mark.usefixtures("encoder_weights")
@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_every_experiment_says_how_it_is_repeated_and_stands_among_the_results(path, configure):
    header = HEADER.match(path.read_text(encoding="utf-8"))
    assert header and f"experiment={path.stem} " in header["command"]
    shown = (CONF.parent / "docs" / "results.md").read_text(encoding="utf-8")
    figures = " | ".join(header[name] for name in ("learnt_from", "val", "test", "time"))
    assert f"| `experiment={path.stem}` | {figures} |" in shown
    typed = [one for one in header["command"].split() if "=" in one and "," not in one and one != "data.root=GTZAN"]
    config = compose("train", [*typed, "data.root=."])
    check(config)


def test_the_runs_of_a_question_learn_from_the_songs_that_are_asked_for(train_a_batch):
    data = train_a_batch("experiment=learning_curve", "split.train_artists_per_genre=2", "data.genres=[clicks,noise]")
    assert [len(data.datasets[split]) for split in ("train", "val", "test")] == [4, 4, 4]


@pytest.mark.parametrize("augments", [[], *([augment] for augment in AUGMENTS)])
def test_every_augmentation_can_be_chosen_alone_or_none(train_a_batch, augments):
    data = train_a_batch(f"augment=[{','.join(augments)}]")
    assert [type(one).__name__.lower() for one in data.augments] == augments


@pytest.mark.parametrize("trainer", [name for name in TRAINERS if name != "ddp"])
def test_every_trainer(train_a_batch, trainer):
    if trainer == "gpu" and not GPU:
        pytest.skip("needs a GPU")
    train_a_batch(f"trainer={trainer}")


def test_the_trainer_of_several_devices(configure, tmp_path):
    settings = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")
    trainer = build_trainer(configure(*settings), tmp_path, [])
    assert trainer.world_size == 2 and isinstance(trainer.strategy, lightning.pytorch.strategies.DDPStrategy)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_can_compute_features(configure, engine):
    made = instantiate(configure(f"engine={engine}", "engine.num_workers=3").cache)(features=LogMel())
    assert (type(made.engine).__name__.lower(), made.engine.num_workers) == (engine, 3)


@pytest.mark.parametrize("command", ["train", "embed"])
@pytest.mark.parametrize(
    "source", [name for name in DATA if name not in ("demo", "hub")]
)  # which make what is not there
def test_every_source_says_where_it_looks_for_songs(command, source, tmp_path):
    nowhere = (tmp_path / "nowhere").as_posix()
    config = compose(command, [f"data={source}", f"data.root='{nowhere}'"])
    check_types(config)
    with pytest.raises(REFUSED) as raised:
        instantiate(config.data)()
    assert explain(raised.value).startswith("data.root: ") and "nowhere" in explain(raised.value)


def test_data_from_gtzan(train_a_batch, write_song, tmp_path):
    root, lines, sounds = tmp_path / "gtzan", ["path,genre,split"], {"blues": "noise", "rock": "tones"}
    for number, (split, genre, _) in enumerate(product(("train", "val", "test"), sounds, range(2))):
        write_song(root / "genres" / genre / f"{genre}.{number:05}.wav", sounds[genre], number)
        lines.append(f"{genre}.{number:05}.wav,{genre},{split}")
    (tmp_path / "part.csv").write_text("\n".join(lines), encoding="utf-8")
    places = f"data.root='{root.as_posix()}'", f"data.manifest='{(tmp_path / 'part.csv').as_posix()}'"
    data = train_a_batch("data=gtzan", *places)
    assert [len(data.datasets[split]) for split in ("train", "val", "test")] == [4, 4, 4]


def test_data_that_the_project_composes_itself(train_a_batch, tmp_path):
    few = ("data.artists_per_genre=3", "data.songs_per_artist=1", "data.song_seconds=1")
    data = train_a_batch("data=demo", f"data.root='{(tmp_path / 'demo').as_posix()}'", *few)
    assert data.genres == ["hiphop", "jazz", "rock"]
    assert [len(data.datasets[split]) for split in ("train", "val", "test")] == [3, 3, 3]


def test_without_any_setting_the_project_composes_its_data():
    config = compose("train")
    check(config)
    assert config.data._target_ == "genre_lightning.data.sources.demo.demo" and not OmegaConf.missing_keys(config.data)
    assert config.model._target_ == "genre_lightning.models.cnn.CNN"


def test_data_from_yandex(train_a_batch, songs):
    """The songs that fetch.py has collected, at the place where it puts them."""
    data = train_a_batch("data=yandex", f"data.root='{songs(artists=4).as_posix()}'")
    assert data.genres == ["clicks", "noise", "tones"]
    fetch, train = (OmegaConf.load(CONF / name).root for name in ("fetch.yaml", "data/yandex.yaml"))
    assert fetch == train


def test_settings_that_belong_together_follow_each_other(configure):
    config = configure("seed=7", "learning.optimizer.lr=0.5")
    assert config.loader.seed == 7 and config.learning.schedule.max_lr == 0.5


def test_the_learning_rate_is_scheduled_in_the_shortest_of_trainings(configure):
    configured = configure().learning.schedule
    for steps in range(1, 13):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
        schedule = instantiate(configured, _partial_=True)(optimizer, total_steps=steps)
        for _ in range(steps - 1):
            optimizer.step()
            schedule.step()
        assert 0 <= schedule.get_last_lr()[0] <= 0.003


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize("projection", PROJECTIONS)
def test_every_projection_draws_a_map_with_the_configured_seed(projection):
    drawing = instantiate(compose("embed", [f"projection={projection}", "seed=3"]).projection)
    assert type(drawing).__name__.lower() == projection and getattr(drawing, "seed", 3) == 3
    assert drawing.fit(torch.randn(12, 5).numpy()).shape == (12, 2)
