from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

from genre_lightning.errors import UserError
from genre_lightning.runs.questions import Question, answer

CONF = Path(__file__).parents[2] / "conf"


@pytest.fixture
def sweep(finish_run):
    """The folder of experiment=leak, its runs finished."""
    for method, wrong in (("naive", 2), ("artist", 15)):
        for seed in (0, 1, 2):
            songs = [number < wrong for number in range(30)]
            run = finish_run(songs, {"method": method, "seed": seed}, shared_artists=["a"], folds=5)
    return run.parent


@pytest.mark.parametrize("experiment", ["leak", "learning_curve"])
def test_a_question_is_a_sweep_that_is_answered_at_its_end(experiment, sweep, capsys):
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        config = compose("train", [f"experiment={experiment}"], return_hydra_config=True)
    assert config.hydra.mode.name == "MULTIRUN" and config.refit is False
    assert all(key.startswith("split.") for key in config.hydra.sweeper.params)
    question = instantiate(config.hydra.callbacks.question)
    question.on_multirun_end(OmegaConf.create({"hydra": {"sweep": {"dir": str(sweep)}}}))
    said = capsys.readouterr().out
    told = {"leak": "the promise is 43 points too high", "learning_curve": "cannot be said: there are 1 sizes"}
    assert told[experiment] in said and str(sweep / f"{experiment}.png") in said


def test_training_seeds_follow_the_draws_since_all_songs_are_drawn_only_once():
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        config = compose("train", ["experiment=learning_curve", "split.draw=2"])
    assert config.seed == config.loader.seed == 2


def test_a_sweep_without_runs_is_one_line(tmp_path, capsys):
    Question("leak").on_multirun_end(OmegaConf.create({"hydra": {"sweep": {"dir": str(tmp_path)}}}))
    assert capsys.readouterr().out == f"\nleak: there is no finished run in {tmp_path}\n"


def test_the_answer_is_found_again_in_the_folder(sweep):
    assert answer(sweep) == ""  # other sweeps ask nothing
    (sweep / "multirun.yaml").write_text("hydra: {callbacks: {question: {about: leak}}}")
    assert "the promise is 43 points too high" in answer(sweep)
    (sweep / "multirun.yaml").write_text("hydra: {callbacks: null}")
    assert answer(sweep) == ""


def test_an_unknown_question_is_named():
    with pytest.raises(UserError, match="no question about 'size', only leak, learning_curve"):
        Question("size")
