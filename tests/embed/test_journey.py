import json
from pathlib import Path

import numpy as np
import pytest

from genre_lightning.embed.journey import journey

CASES = json.loads(Path(__file__).with_name("journeys.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_a_way_leads_along_the_line(case):
    positions = np.array(case["positions"], np.float32)
    assert journey(positions, case["from"], case["to"], case["count"]) == case["songs"]


def test_a_way_has_each_song_once_and_stays_the_same_on_a_map_that_is_turned():
    positions = np.random.default_rng(0).normal(size=(300, 2))
    there = journey(positions, 3, 5, 10)
    assert len(set(there)) == 10
    assert journey(positions @ np.array([[0, 4], [-4, 0]]) + 7, 3, 5, 10) == there
