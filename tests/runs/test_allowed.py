import pytest
from omegaconf import OmegaConf

from genre_lightning.errors import UserError
from genre_lightning.runs.resume import settings_to_go_on_with

LOAD = {"_target_": "numpy.load", "file": "x.npy", "allow_pickle": True}
SYSTEM = {"_target_": "os.system", "command": "touch ran-by-a-run", "lr": 1}
PARTIAL = {"_partial_": True}
HARM = {  # a setting of a run from elsewhere, and what is said of it
    "features": (LOAD, "features names numpy.load"),
    "loader.source": (SYSTEM | PARTIAL, "loader.source names os.system"),
    "augment.gain.gain_db": (SYSTEM, "augment.gain.gain_db names os.system"),
    "callbacks.mine": (SYSTEM, "callbacks.mine names os.system"),
    "callbacks.list": ([SYSTEM], "callbacks.list"),
    "logger.mine": (SYSTEM | PARTIAL, "logger.mine names os.system"),
    "learning.optimizer": (SYSTEM, "optimizer names os.system"),
    "learning.schedule._target_": ("webbrowser.open", "schedule names webbrowser.open"),
    "model.channels": ([SYSTEM, 4], "model.channels.0 names os.system"),
    "trainer.plugins": ([SYSTEM], "trainer.plugins.0 names os.system"),
    "trainer.logger": (SYSTEM, "trainer.logger names os.system"),
    "data._target_": ("genre_lightning.data.sources.demo.write_song", "names genre_lightning.data.sources"),
    "model._target_": ("genre_lightning.models.base.cast", "model names genre_lightning.models.base.cast"),
    "features._target_": ("genre_lightning.features.mel.Tensor", "Tensor, which is no Features"),
    "data._args_": (["x"], "names _args_"),
    "data._partial_": (False, "names _partial_"),
    "baseline": (SYSTEM, "baseline names os.system"),
    "new": ({"deep": [{"er": SYSTEM}]}, "new.deep.0.er names os.system"),
    "data.root": ("${oc.env:YANDEX_MUSIC_TOKEN}", r"root names \$\{oc.env:YANDEX_MUSIC_TOKEN\}, which would be"),
    "seed": ("${oc.decode:1}", r"seed names \$\{oc.decode:1\}"),
    "cache.root": ("${run_folder:null,x}", r"cache.root names \$\{run_folder"),
    "loader.features": ("${callbacks.ema}", "loader.features names lightning.pytorch.callbacks"),
    "callbacks.kept": ({"_target_": "lightning.pytorch.callbacks.ModelCheckpoint"}, "kept names .*ModelCheckpoint"),
    "callbacks.timed": (
        {"_target_": "lightning.pytorch.callbacks.SpikeDetection", "exclude_batches_path": "there"},
        "callbacks.timed.exclude_batches_path names there, which may lead out of the run's folder",
    ),
    "extra": ({"a.b": 3}, "is damaged"),
    "callbacks.ema.some": ("../../there", "callbacks.ema.some names ../../there"),
    "logger.tensorboard.name": ("/there", "logger.tensorboard.name names /there"),
    "trainer.profiler": ("s3://bucket/x", "trainer.profiler names s3"),
    "features.n_fft": ("many", "features.n_fft: "),
    "model": ({"channels": [4]}, "is damaged"),
    "callbacks": (None, "is damaged"),
    "loader.windows_per_song": (10**12, "loader.windows_per_song is more than the 10000 that a run from elsewhere may"),
    "loader.batch_size": (2**16, "loader.batch_size is more than"),
    "trainer.num_nodes": (2, "trainer.num_nodes is more than the 1 that"),
    "learning.optimizer.weight_decay": (10**9, "weight_decay is more than"),
    "callbacks.ema.decay": (float("inf"), "callbacks.ema.decay is more than"),
    "trainer.devices": (4096, "trainer.devices is 4096, and this machine has .* processors; say how many"),
    "loader.num_workers": (4096, "loader.num_workers is 4096, and this machine has .* processors; say how many"),
    "convolutions": ("${model.channels}", "is damaged"),  # which stands for these
}


@pytest.fixture
def resume(configure, tmp_path, monkeypatch):
    """Go on with a run from elsewhere in which one setting is another, with the given overrides."""
    monkeypatch.chdir(tmp_path)

    def settings(key="seed", value=0, *overrides):
        began = configure("model=cnn")
        OmegaConf.set_struct(began, False)
        OmegaConf.update(began, key, value, merge=False)
        (tmp_path / "run" / ".hydra").mkdir(parents=True, exist_ok=True)
        OmegaConf.save(began, tmp_path / "run" / ".hydra" / "config.yaml")
        typed = [*overrides, "ckpt_path=run/checkpoints/last.ckpt"]
        return settings_to_go_on_with(configure(*typed), typed, tmp_path / "run")

    return settings


@pytest.mark.parametrize(("key", "harm"), HARM.items())
def test_what_could_do_harm_is_refused_by_name_before_anything_is_run(resume, tmp_path, key, harm):
    value, told = harm
    with pytest.raises(UserError, match=told) as raised:
        resume(key, value)
    assert "\n" not in str(raised.value) and not (tmp_path / "ran-by-a-run").exists()


def test_a_network_is_no_larger_than_the_checkpoints_of_its_run(resume, tmp_path):
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    (tmp_path / "run" / "checkpoints" / "last.ckpt").write_bytes(bytes(10**6))
    for channels in ([10**5, 10**5], [1] * 1000):
        with pytest.raises(UserError, match=r"model is larger than the checkpoints of that run"):
            resume("model.channels", channels)
    assert resume("model.channels", [4, 8]).model.channels == [4, 8]


def test_how_many_processes_the_command_says_is_not_asked_about(resume):
    assert resume("loader.num_workers", 4096, "loader.num_workers=0").loader.num_workers == 0


def test_the_one_setting_that_trusts_a_run_takes_all_that_it_says(resume):
    assert resume("features", LOAD, "trust=true").features == LOAD


def test_what_the_command_itself_sets_in_the_same_way_is_the_user_s_own(resume):
    mine = {"_target_": "lightning.pytorch.callbacks.ModelCheckpoint", "dirpath": "mine"}
    typed = f"+callbacks.mine={{_target_:{mine['_target_']},dirpath:mine}}"
    assert resume("callbacks.mine", mine, typed).callbacks.mine == mine


def test_features_are_kept_where_the_command_says_unless_a_cache_is_there(resume, configure, tmp_path):
    assert resume("cache.root", "/etc/elsewhere").cache.root == configure().cache.root


def test_a_cache_that_is_there_is_gone_on_with(resume, tmp_path):
    (tmp_path / "kept" / "logmel-0123456789ab").mkdir(parents=True)
    (tmp_path / "kept" / "logmel-0123456789ab" / "settings.json").touch()
    assert resume("cache.root", "kept").cache.root == "kept"


def test_no_songs_are_composed_where_a_run_from_elsewhere_says(resume):
    demo = {"_target_": "genre_lightning.data.sources.demo.demo", "_partial_": True, "root": "/etc/elsewhere"}
    with pytest.raises(UserError, match=r"data\.root: no songs were composed in /etc/elsewhere"):
        resume("data", demo)
