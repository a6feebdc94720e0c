import math

import pytest
from omegaconf import OmegaConf

from genre_lightning.train.search import go_on_with_search

optuna = pytest.importorskip("optuna")


@pytest.fixture
def storage(tmp_path):
    return f"sqlite:///{(tmp_path / 'optuna.db').as_posix()}"


@pytest.fixture
def search(storage):
    """The settings of a search for 5 trials."""
    sweeper = {"storage": storage, "study_name": "s", "n_trials": 5, "sampler": {"seed": 7}}
    return OmegaConf.create({"hydra": {"sweeper": sweeper, "overrides": {"hydra": []}}})


@pytest.mark.slow
def test_what_is_left_of_a_search_is_done_and_first_what_was_stopped_or_failed(search, storage):
    study = optuna.create_study(storage=storage, study_name="s")
    for number, value in enumerate((0.5, math.inf, None, 0.4)):
        trial = study.ask()
        trial.suggest_float("x", number, number + 0.5)
        if value is not None:  # the third was stopped
            study.tell(trial, value)
    for _ in range(2):  # stopped again before a trial began
        OmegaConf.update(search, "hydra.sweeper", {"n_trials": 5, "sampler": {"seed": 7}})
        search.hydra.overrides.hydra = []
        go_on_with_search(search)
    assert (search.hydra.sweeper.n_trials, search.hydra.sweeper.sampler.seed) == (3, 7 + 6)
    assert search.hydra.overrides.hydra == ["++hydra.sweeper.n_trials=3", "++hydra.sweeper.sampler.seed=13"]
    study = optuna.load_study(storage=storage, study_name="s")
    again = [study.ask().suggest_float("x", 0, 9) for _ in range(2)]
    before = [trial.params["x"] for trial in study.trials[:4]]
    assert sorted(again) == sorted(before[1:3])
    assert study.trials[2].state == optuna.trial.TrialState.FAIL


def test_a_search_that_is_done_does_no_more(search, storage):
    study = optuna.create_study(storage=storage, study_name="s")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=6)
    go_on_with_search(search)
    assert search.hydra.sweeper.n_trials == 0 and not [one for one in study.trials if one.state.name == "WAITING"]


def test_other_sweepers_are_left_alone():
    config = OmegaConf.create({"hydra": {"sweeper": {"max_batch_size": None}, "overrides": {"hydra": []}}})
    before = config.copy()
    go_on_with_search(config)
    assert config == before
