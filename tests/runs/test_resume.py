import pytest
import torch
from omegaconf import OmegaConf

from genre_lightning.data.spec import FORMAT_VERSION
from genre_lightning.errors import UserError
from genre_lightning.runs.resume import settings_of_job, settings_to_go_on_with

BEGAN = ("model=cnn", "features.top_db=60", "trainer.max_epochs=4", "seed=3")


@pytest.fixture
def began(configure, tmp_path):
    """A run that was interrupted."""
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    (tmp_path / "run" / ".hydra").mkdir()
    OmegaConf.save(configure(*BEGAN), tmp_path / "run" / ".hydra" / "config.yaml")
    return tmp_path / "run"


@pytest.fixture
def go_on(began, configure):
    """Go on with that run, with the given overrides."""

    def settings(*overrides, checkpoint=None, folder=None):
        ckpt_path = f"ckpt_path='{(checkpoint or began / 'checkpoints' / 'last.ckpt').as_posix()}'"
        return settings_to_go_on_with(configure(*overrides, ckpt_path), [*overrides, ckpt_path], folder or began)

    return settings


@pytest.mark.parametrize("overrides", [(), ("seed=3",), BEGAN])
def test_the_settings_are_those_it_began_with(go_on, configure, overrides):
    settings, before = go_on(*overrides), configure(*BEGAN)
    assert settings.model == before.model and settings.features.top_db == 60
    assert (settings.seed, settings.trainer.max_epochs) == (3, 4)
    assert settings.ckpt_path.endswith("run/checkpoints/last.ckpt")


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("features.top_db=80", "features.top_db=60, which cannot change to 80"),
        ("model=lstm", "model."),
        ("seed=4", "seed=3, which cannot change to 4"),
        ("experiment=demo_cnn", "that run was started with "),
        ("+model.colour=blue", "model.colour=None, which cannot change to blue"),
    ],
)
def test_a_setting_that_would_change_is_named(go_on, override, told):
    with pytest.raises(UserError, match=f"^ckpt_path: .*{told}") as caught:
        go_on(override)
    assert "pass only ckpt_path" in str(caught.value)


def test_it_may_go_on_on_another_machine_and_for_more_epochs(go_on):
    settings = go_on("trainer=ddp", "trainer.max_epochs=9", "engine.num_workers=2", "loader.num_workers=1")
    assert (settings.trainer.strategy, settings.trainer.max_epochs, settings.seed) == ("ddp", 9, 3)
    assert (settings.engine.num_workers, settings.loader.num_workers) == (2, 1)


def test_its_songs_and_features_may_have_moved_if_that_is_typed(go_on):
    settings = go_on("data.root=/new/songs", "cache.root=/new/cache")
    assert (settings.data.root, settings.cache.root) == ("/new/songs", "/new/cache")
    assert go_on("data=folder", "data.root=/new/songs").data.root == "/new/songs"
    with pytest.raises(UserError, match=r"data\.root=.* cannot change to data/yandex"):
        go_on("data=yandex")


def test_a_run_from_elsewhere_fetches_and_reads_no_set_that_is_not_here(began, go_on, configure, tmp_path):
    root = tmp_path / "sets"
    of_hub = configure(*BEGAN, "data=hub", "data.name=OWNER/songs", f"data.root='{root.as_posix()}'")
    OmegaConf.save(of_hub, began / ".hydra" / "config.yaml")
    with pytest.raises(
        UserError, match=r"data\.name: OWNER/songs is not in .*sets; to read or fetch it, add trust=true"
    ):
        go_on()
    assert go_on("trust=true").data.name == "OWNER/songs"
    (root / "OWNER--songs" / "0123abc").mkdir(parents=True)
    (root / "OWNER--songs" / "0123abc" / "songs.json").touch()
    assert go_on().data.name == "OWNER/songs"
    OmegaConf.update(of_hub, "data.root", str(tmp_path / "elsewhere"))
    OmegaConf.save(of_hub, began / ".hydra" / "config.yaml")
    assert go_on(f"data.root='{root.as_posix()}'").data.root == root.as_posix(), "where the command says that it is"


def test_the_folder_of_its_set_may_have_moved_and_the_revision_is_what_it_was(began, go_on, configure):
    OmegaConf.save(
        configure(*BEGAN, "data=hub", "data.name=sets/a", "data.revision=01ab"), began / ".hydra/config.yaml"
    )
    data = go_on("data=hub", "data.name=sets/moved").data
    assert (data.name, data.revision) == ("sets/moved", "01ab")
    with pytest.raises(UserError, match=r"data\.revision=01ab, which cannot change to 02"):
        go_on("data=hub", "data.name=sets/moved", "data.revision=02")
    OmegaConf.save(configure(*BEGAN, "data=hub", "data.name=a", "data.root=elsewhere"), began / ".hydra/config.yaml")
    with pytest.raises(UserError, match=r"sets/moved is not in elsewhere; to read or fetch it, add trust=true"):
        go_on("+data.name=sets/moved")


def test_it_does_not_go_on_in_another_folder(go_on, tmp_path):
    with pytest.raises(UserError, match=r"ckpt_path: a run resumes in its own folder, .*run; remove hydra\.run\.dir"):
        go_on(folder=tmp_path / "new")


def test_what_began_on_several_devices_goes_on_there(began, go_on, configure):
    OmegaConf.save(configure(*BEGAN, "trainer=ddp", "trainer.devices=2"), began / ".hydra" / "config.yaml")
    assert (go_on().trainer.strategy, go_on().trainer.devices) == ("ddp", 2)
    alone = go_on("trainer=cpu").trainer
    assert (alone.strategy, alone.max_epochs) == ("auto", 4)


def test_a_new_run_and_a_checkpoint_without_its_run_have_the_settings_that_are_typed(go_on, configure, tmp_path):
    config = configure("seed=4")
    assert settings_to_go_on_with(config, ["seed=4"], tmp_path) is config
    assert go_on("seed=4", checkpoint=tmp_path / "model.ckpt").seed == 4


@pytest.fixture
def hears(began, configure):
    """Have that run hear with networks; returns its settings as they were typed, for the encoders that it kept."""

    def heard(typed, kept):
        config = configure("model=pretrained", f"features.encoders={typed}")
        OmegaConf.save(config, began / ".hydra" / "config.yaml")
        spec = {"format": FORMAT_VERSION, "features": {"encoders": kept}}
        checkpoint = {"hyper_parameters": {"n_genres": 2}, "state_dict": {}, "GenreDataModule": spec}
        torch.save(checkpoint, began / "checkpoints" / "last.ckpt")
        return config

    return heard


def test_it_is_judged_by_the_networks_that_its_checkpoint_names(hears, go_on):
    hears("[efficientat]", ["/no/net@0123456789abcdef"])
    with pytest.raises(UserError, match="the folder /no/net is gone"):
        go_on()


@pytest.mark.parametrize("features", [None, {"_target_": "x", "encoders": "${oc.env:NO_SUCH_VARIABLE}"}])
def test_nothing_is_looked_up_for_encoders_before_they_are_judged(began, hears, go_on, features):
    config = hears("[efficientat]", [3])
    config.features = features
    OmegaConf.save(config, began / ".hydra" / "config.yaml")
    with pytest.raises(UserError, match=r"is damaged|would be looked up on this machine|may not be called"):
        go_on()


def test_a_job_of_a_sweep_goes_on_with_the_very_networks_too_and_with_no_others(began, hears):
    pinned = ["a/b@" + "1" * 40]
    config = hears("[a/b]", pinned)
    for _ in range(2):  # a refit has them already
        assert settings_of_job(config, began).features.encoders == pinned
    config.features.encoders = ["a/c"]
    with pytest.raises(UserError, match=r"holds a run with features\.encoders=.*1111.*a/c"):
        settings_of_job(config, began)
