import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_avg_fn

from docs.figures.reports import DECAY, averaged, wandered


def test_weights_are_averaged_as_the_library_does():
    steps = np.random.default_rng(0).normal(size=(30, 2))
    model = nn.Linear(2, 1, bias=False)
    average = AveragedModel(model, avg_fn=get_ema_avg_fn(DECAY))
    for step in steps:
        nn.init.zeros_(model.weight).data += torch.tensor(step, dtype=torch.float32)
        average.update_parameters(model)
    assert average.module.weight.flatten().tolist() == pytest.approx(averaged(steps)[-1].tolist(), abs=1e-6)


def test_the_average_ends_half_as_far_from_the_minimum_as_the_text_says():
    far = [np.linalg.norm(steps[:, -1], axis=1).mean() for steps in wandered().values()]
    assert [round(float(one), 2) for one in far] == [1.02, 0.49]
