import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from genre_lightning.embed.descriptors import DESCRIPTORS, unknown
from genre_lightning.embed.projection import PCA, TSNE, UMAP, Projection, UnusableError
from genre_lightning.embed.songmap import PLANS, Earlier, Recordings, SongMap, map_settings, undrawn, update_map

pytestmark = pytest.mark.usefixtures("uncompiled")
NAMES = np.array([f"song {number}" for number in range(12)])
VECTORS = np.random.default_rng(0).random((12, 6)).astype(np.float32)


@dataclass(frozen=True)
class Still(Projection):
    """Draws maps, and cannot place songs on them."""

    def fit(self, vectors):
        return vectors[:, :2] - vectors[:, :2].mean(axis=0)


def recordings(names, vectors):
    """Songs of which nothing else is known."""
    return Recordings(names, vectors, unknown(len(names)), [""] * len(names))


def draw(rows, earlier=None, run_map=None, projection=None, model="a model"):
    """The map of some of the songs."""
    return update_map(projection or PCA(), model, recordings(NAMES[rows], VECTORS[rows]), earlier, run_map)


# The earlier map, whether the run's can be used, and where songs that are on both lie then: without a new song beside
# them, with one that can be placed, and with one that cannot.
CASES = [
    (Earlier.NONE, False, "anew", "anew", "anew"),
    (Earlier.NONE, True, "run", "run", "anew"),
    (Earlier.CHANGED, False, "anew", "anew", "anew"),
    (Earlier.CHANGED, True, "run", "run", "anew"),
    (Earlier.OWN, False, "earlier", "earlier", "anew"),
    (Earlier.OWN, True, "earlier", "earlier", "anew"),
    (Earlier.ON_RUN, True, "earlier", "earlier", "anew"),
    (Earlier.LOST, False, "earlier", "anew", "anew"),
    (Earlier.LOST, True, "run", "run", "anew"),
]
HOW = [([6, 7], PCA()), ([6, 7, 9], PCA()), ([6, 7, 9], Still())]
REASONS = {
    Earlier.NONE: "The map is new.",
    Earlier.CHANGED: "The map is new: the model or the settings of the projection have changed, now {}.",
    Earlier.OWN: "The map is new: {} cannot place new songs on the earlier one.",
    Earlier.ON_RUN: "The map is new: {} cannot place new songs on the run's map.",
    Earlier.LOST: "The map is new: the one that the earlier songs were placed on is gone.",
}


def earlier_map(kind, run_map):
    """A map of songs 6 and 7 beside where the run's map has them."""
    shaped, placed = np.ones(2, bool), np.zeros(2, bool)
    beside = SongMap(run_map.settings, NAMES[6:8], VECTORS[6:8], run_map.positions[6:] + 7, placed)
    return {
        Earlier.NONE: None,
        Earlier.CHANGED: replace(beside, settings=map_settings(PCA(), "another model"), fitted=shaped),
        Earlier.OWN: replace(beside, fitted=shaped),
        Earlier.ON_RUN: replace(beside, base=run_map.fingerprint),
        Earlier.LOST: replace(beside, base="a map that is gone"),
    }[kind]


def test_the_cases_are_all_that_there_are():
    assert [case[:2] for case in CASES] == list(PLANS)


@pytest.mark.parametrize(
    ("kind", "usable", "rows", "projection", "expected"),
    [(*case[:2], *how, expected) for case in CASES for how, expected in zip(HOW, case[2:], strict=True)],
)
def test_songs_lie_where_the_table_says(kind, usable, rows, projection, expected):
    run_map = draw(range(8), projection=projection)[0]
    earlier = earlier_map(kind, run_map)
    drawn, told = draw(rows, earlier, run_map if usable else None, projection)
    where = {
        "run": run_map.positions[6:],
        "anew": draw(rows, projection=projection)[0].positions[:2],
        "earlier": getattr(earlier, "positions", None),
    }
    assert [name for name, positions in where.items() if np.array_equal(drawn.positions[:2], positions)] == [expected]
    assert drawn.base == {"run": run_map.fingerprint, "anew": "", "earlier": getattr(earlier, "base", None)}[expected]
    if expected == "anew":
        assert drawn.fitted.all() and told == REASONS[kind].format(type(projection).__name__)
    else:
        start, new = {"run": "The map is the run's", "earlier": "The map is the earlier one"}[expected], len(rows) - 2
        assert told.startswith(start) and (f"new songs placed on it: {new}." in told) == bool(new)


def test_songs_stay_where_they_were_in_any_order_and_if_others_are_gone():
    first = draw(range(10))[0]
    moved = replace(first, positions=first.positions + 7)
    for rows in (range(9, -1, -1), [2, 3, 5]):
        again, told = draw(rows, moved)
        assert np.array_equal(again.positions, moved.positions[rows]) and again.fitted.all()
        assert told == "The map is the earlier one."


def test_new_songs_are_placed_among_the_old_ones_and_shape_nothing_later():
    first = draw(range(10))[0]
    added, told = draw([10, *range(10)], first)
    assert np.array_equal(added.positions[1:], first.positions) and added.fitted.tolist() == [False, *[True] * 10]
    assert told == "The map is the earlier one, drawn from 10 songs; new songs placed on it: 1."
    more, _ = draw(range(12), added)
    assert more.fitted.sum() == 10
    assert np.allclose(more.positions[10:], PCA().place(VECTORS[:10], first.positions, VECTORS[10:]))


def test_copies_of_a_recording_keep_a_position_each():
    songs = recordings(np.array(["a", "b", "b", "c", "d"]), VECTORS[:5])
    first = update_map(PCA(), "a model", songs, None, None)[0]
    assert np.array_equal(update_map(PCA(), "a model", songs, first, None)[0].positions, first.positions)


@pytest.mark.parametrize("songs", [1, 3])
@pytest.mark.parametrize("projection", [UMAP(), TSNE()])
def test_a_few_songs_are_drawn_by_pca_and_that_is_said(songs, projection):
    drawn, told = draw(range(songs), projection=projection)
    assert np.isfinite(drawn.positions).all() and len(drawn.positions) == songs
    name = type(projection).__name__
    assert told == f"The map is new and drawn by PCA: {name} needs 4 songs, and there are {songs}."


@dataclass(frozen=True)
class Broken(Projection):
    """Does not work here."""

    def fit(self, vectors):
        raise UnusableError("its compiler is missing")

    place = fit


def test_a_projection_that_does_not_work_here_is_replaced_by_pca_and_that_is_said():
    drawn, told = draw(range(10), projection=Broken())
    assert told == "The map is drawn by PCA: Broken does not work here. its compiler is missing"
    assert np.array_equal(drawn.positions, draw(range(10))[0].positions)
    again, _ = draw(range(10), drawn, projection=Broken())
    assert np.array_equal(again.positions, drawn.positions)
    assert draw(range(10), drawn, projection=Still())[1].endswith("have changed, now Still."), "the next run mends it"


def test_what_is_saved_before_a_map_is_drawn_keeps_the_earlier_one():
    first = draw(range(8))[0]
    songs = recordings(NAMES[range(10)], VECTORS[range(10)])
    saved = undrawn(PCA(), "a model", songs, first)
    assert np.array_equal(saved.positions[:8], first.positions) and np.isnan(saved.positions[8:]).all()
    after, before = (draw(range(10), earlier)[0] for earlier in (saved.drawn, first))
    assert np.array_equal(after.positions, before.positions) and after.fitted.tolist() == before.fitted.tolist()
    for other in (None, replace(first, settings=map_settings(PCA(), "another model"))):
        assert undrawn(PCA(), "a model", songs, other).drawn is None
    assert first.drawn.fingerprint == first.fingerprint


def test_songs_that_are_left_of_a_map_of_their_own_follow_the_run_s():
    own, run_map = draw([8, 9, 10, 11])[0], draw(range(6))[0]
    placed, _ = draw([6, 7], own, run_map)
    assert not placed.fitted.any() and placed.base == own.fingerprint  # all that shaped it are gone
    assert draw([6, 7], placed, run_map)[0].base == run_map.fingerprint


def test_settings_name_the_method_the_model_and_every_setting():
    settings = map_settings(UMAP(n_neighbors=7), "f00d")
    assert json.loads(settings) == {
        "projection": "UMAP", "n_neighbors": 7, "min_dist": 0.1, "seed": 0, "model": "f00d",
    }  # fmt: skip
    assert SongMap(settings, NAMES, VECTORS, VECTORS[:, :2], NAMES == "").model == "f00d"


@dataclass(frozen=True)
class Islands(Still):
    """Draws two heaps of songs far above each other."""

    has_islands = True

    def fit(self, vectors):
        return (vectors[:, :2] + [[0, 100 * (row % 2)] for row in range(len(vectors))]).astype(np.float32)


def test_a_new_map_lies_on_a_wide_page_and_its_islands_are_together_and_that_is_said():
    songs = recordings(np.arange(60).astype(str), np.random.default_rng(0).random((60, 6)).astype(np.float32))
    drawn, told = update_map(Islands(), "a model", songs, None, None)
    width, height = np.ptp(drawn.positions, axis=0)
    assert height < width < 5 and drawn.positions.dtype == np.float32
    for island in (slice(0, None, 2), slice(1, None, 2)):
        assert np.allclose(pdist(drawn.positions[island]), pdist(songs.vectors[island, :2]), atol=1e-4)
    assert told.startswith("The map is new. Islands were moved together: songs cover ")


def test_a_new_map_is_turned_until_its_axes_say_most_and_a_kept_one_stays():
    vectors = np.random.default_rng(0).uniform(-1, 1, (60, 2)).astype(np.float32)
    descriptors = np.full((60, len(DESCRIPTORS)), np.nan, np.float32)
    descriptors[:, 1] = vectors @ [1, -2]
    songs = Recordings(np.arange(60).astype(str), vectors, descriptors, [""] * 60)
    drawn, _ = update_map(Still(), "a model", songs, None, None)
    found = [np.corrcoef(axis, descriptors[:, 1])[0, 1] for axis in drawn.positions.T]
    assert max(found) > 0.99 and min(np.abs(found)) < 0.2
    again, _ = update_map(Still(), "a model", songs._replace(descriptors=-descriptors), drawn, None)
    assert np.array_equal(again.positions, drawn.positions)
