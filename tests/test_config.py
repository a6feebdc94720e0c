from functools import partial

import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from genre_lightning.config import check_number, check_type, check_types
from genre_lightning.errors import UserError, is_for_users

TARGETS = {
    "features": "genre_lightning.features.mel.MFCC",
    "split": "genre_lightning.data.splits.split_catalogue",
    "data": "genre_lightning.data.sources.folder.folder",
    "cache": "genre_lightning.data.cache.FeatureCache",
    "loader": "genre_lightning.data.datamodule.GenreDataModule",
}


def config(key, value):
    """A configuration with one setting at `key`, such as `features.n_fft`."""
    made = OmegaConf.create({node: {"_target_": target} for node, target in TARGETS.items()})
    OmegaConf.update(made, key, value)
    return made


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("features.n_fft", "big"),
        ("features.n_fft", 2048.5),
        ("features.n_fft", True),
        ("features.n_fft", None),
        ("features.f_min", {"hz": 3}),
        ("loader.balanced", "no"),
    ],
)
def test_a_setting_of_the_wrong_type_is_named_with_its_key(key, value):
    with pytest.raises(UserError, match=rf"^{key}[: ]") as caught:
        check_types(config(key, value))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("features.top_db", 80),
        ("features.top_db", None),
        ("data.genres", ["rock", "jazz"]),
        ("data.root", "???"),
        ("cache.root", "somewhere"),
        ("loader.balanced", True),
    ],
)
def test_a_setting_of_the_right_type_passes(key, value):
    check_types(config(key, value))


def test_one_genre_alone_is_told_how_to_be_written():
    with pytest.raises(UserError, match=r"for one, write data\.genres=\[rock\]"):
        check_types(config("data.genres", "rock"))


@pytest.mark.parametrize("value", [True, None, "3", 0, 11, 2.5, float("nan")])
def test_a_number_out_of_its_range_is_named(value):
    with pytest.raises(UserError, match=r"^split\.seed must be a whole number from 1 to 10, not "):
        check_number(config("split.seed", value), "split.seed", 1, 10)


def test_a_number_in_its_range_passes():
    check_number(config("split.seed", 10), "split.seed", 1, 10)
    check_number(config("split.seed", 2.5), "split.seed", 1, whole=False)


@pytest.mark.parametrize("value", ["nobody knows", 3])
def test_a_choice_that_there_is_not_is_told_by_the_check_or_by_the_class(value):
    wrong = config("features.mel_scale", value)
    with pytest.raises(Exception, match="slaney") as error:  # by the check from OmegaConf 2.4 on
        check_types(wrong), instantiate(wrong.features)
    assert is_for_users(error.value)


def test_a_value_taken_from_elsewhere_is_checked_too():
    with pytest.raises(UserError, match=r"^split\.seed: "):
        check_types(OmegaConf.merge(config("split.seed", "${seed}"), {"seed": "tuesday"}))


@pytest.mark.parametrize("where", ["", "a.b."])
def test_the_configuration_itself_and_what_lies_deep_in_it_are_checked(where):
    node = {"_target_": "genre_lightning.features.mel.LogMel", "n_mels": "few"}
    with pytest.raises(UserError, match=rf"^{where}n_mels: "):
        check_types(OmegaConf.create({"a": {"b": node}} if where else node))


def test_nodes_that_call_nothing_are_left_alone():
    check_types(OmegaConf.create({"learning": {"rate": "fast"}, "nothing": None, "later": "???", "some": [1, "a"]}))


def test_types_that_have_no_word_in_a_config_or_are_known_to_type_checkers_only_are_left_alone():
    check_types(OmegaConf.create({"loader": {"_target_": "torch.utils.data.DataLoader", "batch_size": 3}}))
    for kind in (partial, object):
        check_type("some.key", "anything", kind)


def test_a_whole_number_will_do_where_a_fraction_or_a_list_of_them_is_meant():
    check_type("learning.schedule.max_lr", 1, float | list[float])
