import json

import numpy as np
import pytest

from genre_lightning.embed.projection import PCA, TSNE, UMAP
from genre_lightning.embed.songmap import SongMap, draw_map, map_settings, read_map

pytestmark = pytest.mark.usefixtures("uncompiled")
NAMES = np.array([f"song {number}" for number in range(12)])
VECTORS = np.random.default_rng(0).random((12, 6)).astype(np.float32)
SETTINGS = map_settings(PCA(), "a model")


def draw(rows, earlier=None, others=None, projection=None, settings=SETTINGS):
    """The map of some of the songs."""
    return draw_map(projection or PCA(), settings, NAMES[rows], VECTORS[rows], earlier, others)


def test_a_first_map_is_shaped_by_all_its_songs():
    drawn, told = draw(range(10))
    assert drawn.fitted.all() and np.array_equal(drawn.positions, PCA().fit(VECTORS[:10]))
    assert told == "The map is new."


def test_the_same_songs_stay_where_they_were_in_whatever_order():
    first = draw(range(10))[0]
    moved = SongMap(first.settings, first.digests, first.vectors, first.positions + 7, first.fitted)
    again, told = draw(range(9, -1, -1), moved)
    assert np.array_equal(again.positions, moved.positions[::-1]) and again.fitted.all()
    assert told == "The map is the earlier one."


def test_new_songs_are_placed_and_the_old_ones_stay():
    first = draw(range(10))[0]
    added, told = draw([10, *range(10), 11], first)
    assert np.array_equal(added.positions[1:11], first.positions)
    assert added.fitted.tolist() == [False, *[True] * 10, False]
    assert np.allclose(added.positions[[0, 11]], PCA().place(VECTORS[:10], first.positions, VECTORS[10:]))
    assert told == "The map is the earlier one, shaped by 10 songs; new songs placed on it: 2."


def test_songs_that_were_placed_before_shape_nothing_later():
    second = draw(range(11), draw(range(10))[0])[0]
    third, _ = draw(range(12), second)
    assert third.fitted.sum() == 10 and np.array_equal(third.positions[:11], second.positions)
    assert np.allclose(third.positions[11], PCA().place(VECTORS[:10], second.positions[:10], VECTORS[11:])[0])


def test_songs_that_are_gone_move_nobody():
    first = draw(range(10))[0]
    fewer, told = draw([2, 3, 5], first)
    assert np.array_equal(fewer.positions, first.positions[[2, 3, 5]]) and told == "The map is the earlier one."


def test_copies_of_a_recording_keep_a_position_each():
    names, vectors = np.array(["a", "b", "b", "c", "d"]), VECTORS[:5]
    first = draw_map(PCA(), SETTINGS, names, vectors)[0]
    again = draw_map(PCA(), SETTINGS, names, vectors, first)[0]
    assert np.array_equal(again.positions, first.positions)


@pytest.mark.parametrize("settings", [map_settings(PCA(), "another model"), map_settings(UMAP(), "a model")])
def test_another_model_or_setting_draws_anew_and_says_so(settings):
    first = draw(range(10))[0]
    moved = SongMap(first.settings, first.digests, first.vectors, first.positions + 7, first.fitted)
    again, told = draw(range(10), moved, settings=settings)
    assert np.array_equal(again.positions, first.positions) and again.fitted.all() and again.settings == settings
    assert told.startswith("The map is new: the model or the settings of the projection have changed, now ")


def test_a_method_that_cannot_add_songs_draws_anew_and_says_so():
    method = TSNE(perplexity=2, max_iter=250)
    settings = map_settings(method, "a model")
    first = draw(range(8), projection=method, settings=settings)[0]
    kept, told = draw(range(8), first, projection=method, settings=settings)
    assert np.array_equal(kept.positions, first.positions) and told == "The map is the earlier one."
    anew, told = draw(range(9), first, projection=method, settings=settings)
    assert anew.fitted.all() and told == "The map is new: TSNE cannot place new songs on the earlier one."


@pytest.mark.parametrize("songs", [1, 2, 3])
@pytest.mark.parametrize("projection", [UMAP(), TSNE()])
def test_a_few_songs_are_drawn_by_pca_and_that_is_said(songs, projection):
    drawn, told = draw(range(songs), projection=projection)
    assert np.isfinite(drawn.positions).all() and len(drawn.positions) == songs
    assert told.startswith(f"The map is new, and PCA's: {songs} of the 4 songs that")


def test_songs_of_another_set_go_on_the_map_of_the_first():
    run = draw(range(8))[0]
    new, told = draw([8, 9, 3], others=run)
    assert not new.fitted.any() and np.array_equal(new.positions[2], run.positions[3])
    assert told.endswith("shaped by 8 songs; new songs placed on it: 2.")
    assert new.base == run.fingerprint
    more, _ = draw([8, 9, 3, 10], new, run)
    assert np.array_equal(more.positions[:3], new.positions) and not more.fitted.any() and more.base == new.base


def test_songs_of_another_set_follow_the_map_that_they_were_placed_on():
    run = draw(range(8))[0]
    new = draw([8, 9, 3], others=run)[0]
    moved = SongMap(run.settings, run.digests, run.vectors, run.positions + 5, run.fitted)
    followed, _ = draw([8, 9, 3], new, moved)
    assert np.array_equal(followed.positions[2], moved.positions[3]) and followed.base == moved.fingerprint
    stayed, told = draw([8, 9, 3], new)  # of the run there is no map any more, or only one with other axes
    assert np.array_equal(stayed.positions, new.positions) and stayed.base == run.fingerprint
    assert told == "The map is the earlier one."


def test_songs_placed_on_a_map_of_their_own_are_not_on_the_run_s():
    own, run = draw([8, 9, 10, 11])[0], draw(range(6))[0]
    replaced, _ = draw([6, 7], own, run)
    assert not replaced.fitted.any() and replaced.base == own.fingerprint != run.fingerprint
    assert draw([6, 7], replaced, run)[0].base == run.fingerprint


def test_a_set_with_a_map_of_its_own_stays_on_it():
    own, run = draw(range(6, 10))[0], draw(range(6))[0]
    more, _ = draw(range(5, 11), own, run)
    assert np.array_equal(more.positions[1:5], own.positions)
    assert more.fitted.tolist() == [False, True, True, True, True, False]
    assert np.allclose(more.positions[5], PCA().place(own.vectors, own.positions, VECTORS[10:11])[0])


def test_settings_name_the_method_the_model_and_every_setting():
    settings = map_settings(UMAP(n_neighbors=7), "f00d")
    assert json.loads(settings) == {
        "projection": "UMAP", "n_neighbors": 7, "min_dist": 0.1, "seed": 0, "model": "f00d",
    }  # fmt: skip
    assert SongMap(settings, NAMES, VECTORS, VECTORS[:, :2], NAMES == "").model == "f00d"


def test_a_map_is_read_from_its_arrays_or_not_at_all():
    drawn = draw(range(4))[0]
    arrays = {name: np.asarray(getattr(drawn, name)) for name in SongMap.__slots__}
    again = read_map(arrays)
    assert again.settings == SETTINGS and np.array_equal(again.positions, drawn.positions)
    assert read_map({name: array for name, array in arrays.items() if name != "fitted"}) is None
    assert read_map(arrays | {"fitted": arrays["fitted"][:2]}) is None
    assert read_map({name: array for name, array in arrays.items() if name != "base"}).base == ""  # as once written
    assert read_map(arrays | {"settings": np.array("no JSON")}) is None
