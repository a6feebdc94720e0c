"""hydra/sweeper=optuna: a search that was stopped goes on where it was."""

import math
from typing import Any

from omegaconf import DictConfig, OmegaConf, read_write

Params = frozenset[tuple[str, Any]]


def go_on_with_search(config: DictConfig) -> None:
    """Let Optuna's sweeper do what is left of the search in its storage, so that n_trials are done in all.

    Trials that were stopped or have failed come first. Does nothing for other sweepers. `config` is Hydra's.
    """
    sweeper = config.hydra.sweeper
    if sweeper.get("storage") is None:
        return
    import optuna  # pyright: ignore[reportMissingImports] (an extra)

    study = optuna.create_study(storage=sweeper.storage, study_name=sweeper.study_name, load_if_exists=True)
    trials = study.get_trials(deepcopy=False)
    done = [trial for trial in trials if trial.value is not None and math.isfinite(trial.value)]
    settled = {given(trial) for trial in done} | {given(one) for one in trials if one.state.name == "WAITING"}
    for trial in trials:
        if trial.state.name == "RUNNING":
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        if given(trial) not in settled:
            settled.add(given(trial))
            study.enqueue_trial(dict(given(trial)))
    change(config, "hydra.sweeper.n_trials", max(0, sweeper.n_trials - len(done)))
    if sweeper.sampler.get("seed") is not None:  # or it would draw what it has drawn already
        change(config, "hydra.sweeper.sampler.seed", sweeper.sampler.seed + len(trials))


def change(config: DictConfig, key: str, value: int) -> None:
    """Give one of Hydra's settings a new value, as if it had been typed: the jobs' settings are composed from that."""
    with read_write(config.hydra):
        OmegaConf.update(config, key, value)
        config.hydra.overrides.hydra.append(f"++{key}={value}")


def given(trial: Any) -> Params:
    """What was chosen for a trial, or what it is to be tried with."""
    return frozenset((trial.params or trial.system_attrs.get("fixed_params", {})).items())
