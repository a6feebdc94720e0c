import re
import shlex
import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from genre_lightning.command_line.meant import Settings, check_options, meant
from genre_lightning.command_line.rewriting import rewritten
from genre_lightning.errors import UserError

CONF = Path(__file__).parents[2] / "conf"
SETTINGS = {name: Settings(CONF, name) for name in ("train", "embed", "fetch")}
# What is typed, what the line says, and which part of it is to be typed instead.
MISTAKES = [
    ("modle=cnn", "there is no setting 'modle'; did you mean", "model=cnn"),
    ("fold=5", "there is no setting 'fold'; did you mean", "folds=5"),
    ("Data.Root=x", "there is no setting 'Data.Root'; did you mean", "data.root=x"),
    ("genres=[rock,jazz]", "there is no setting 'genres'; did you mean", "data.genres=[rock,jazz]"),
    ("data.rot=/Музыка (1)", "there is no setting 'data.rot'; did you mean", "data.root=/Музыка (1)"),
    ("lr=0.1", "there is no setting 'lr'; did you mean", "learning.optimizer.lr=0.1"),
    ("epochs=3", "there is no setting 'epochs'; did you mean", "trainer.max_epochs=3"),
    ("n_mfcc=40", "there is no setting 'n_mfcc'; did you mean", "features=mfcc features.n_mfcc=40"),
    ("features.n_mfcc=40", "features.n_mfcc goes with features=mfcc; type", "features=mfcc features.n_mfcc=40"),
    ("model.hidden=[8]", "model.hidden goes with model=lstm or model=mlp; type", "model=lstm model.hidden=[8]"),
    ("data.manifest=x.csv", "data.manifest goes with data=gtzan; type", "data=gtzan data.manifest=x.csv"),
    ("hydra/launchr=joblib", "there is no setting 'hydra/launchr'; did you mean", "hydra/launcher=joblib"),
    ("model=cmn", "there is no model=cmn; did you mean", "model=cnn"),
    ("model=CNN", "there is no model=CNN; did you mean", "model=cnn"),
    ("model=cnn&", "there is no model=cnn&; did you mean", "model=cnn"),
    ("augment=[gain,mixpu]", "there is no augment=mixpu; did you mean augment=mixup? There are equaliser, gain", ""),
    ("model=null", "there is no model=null; there are cnn, linear, lstm, mlp, pretrained", ""),
    ("data=My Songs/a", "data=My Songs/a: data says which kind of songs; for a folder type", "data=folder data.root=x"),
    ("model=cnn,", "model=cnn,: there is a comma too many; for one value type", "model=cnn"),
    ("seed=0,,1", "seed=0,,1: there is a comma too many; for a run with each of several type", "-m seed=0,1"),
    ("model=cnn,lstm", "model=cnn,lstm: several values are a sweep, with a run for each; add -m, or name one, such as",
     "model=cnn"),
    ("augment=gain,mixup", "augment=gain,mixup: several values are a sweep, .*; add -m, or for a list type",
     "augment=[gain,mixup]"),
    ("convolutions=8,16", "several values are a sweep, .*; add -m, or for a list type", "convolutions=[8,16]"),
    ("seed", "seed: no value is given; type seed=...", ""),
    ("model", "model: no value is given; type model=...", ""),
    ("model.hidden=[1", r"model\.hidden=\[1: a bracket is not closed; as a text it is typed", "model.hidden=x"),
    ("+x=1 & 2", r"\+x=1 & 2: this has more than one meaning; as a text it is typed", '+x="1 & 2"'),
    ("data.root=a${b", r"data\.root=a\$\{b: \$\{ begins the name of another setting", ""),
    ("zzz=1", "there is no setting 'zzz'; --cfg job lists all settings; one that is not listed is typed with +", ""),
]  # fmt: skip


def told(config, *typed):
    """What is said about a command line that Hydra refuses."""
    with initialize_config_dir(str(CONF), version_base="1.3"), pytest.raises(Exception) as refused:
        compose(config, rewritten(typed))
    return meant(refused.value, typed, SETTINGS[config])


@pytest.mark.parametrize(("typed", "line", "instead"), MISTAKES)
def test_the_line_says_what_was_meant_and_what_to_type(typed, line, instead):
    said = told("train", typed)
    assert said is not None and re.search(line.replace("?", r"\?"), said) and "\n" not in said
    assert all(word.partition("=")[0] in said for word in instead.split())


@pytest.mark.skipif(sys.platform == "win32", reason="its shells have other quotes")
@pytest.mark.parametrize("typed", ["data.rot=/Музыка (1)", "features.n_mfcc=40", "data=My Songs/a", "model=cnn,"])
def test_what_is_said_can_be_typed(typed):
    texts = re.split(r"did you mean | type | such as | it is typed ", told("train", typed) or "")[1:]
    lines = [shlex.split(re.split(r"\? |; ", text)[0]) for text in texts]
    assert lines
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for words in lines:  # of a sweep its first run
            run = [word.partition(",")[0] for word in words[1:]] if words[0] == "-m" else words
            assert compose("train", rewritten(run))


def test_the_rest_of_a_name_with_spaces_is_put_to_what_stands_before_it():
    said = told("train", "data=folder", "data.root=My", "Music")
    assert said == "Music: a setting is typed key=value; if it belongs to what stands before it, type " + (
        '"data.root=My Music"' if sys.platform == "win32" else "'data.root=My Music'"
    )
    said = told("train", "data=folder", "data.root=", "My", "other", "Music", "seed=1")
    assert "data.root=My other Music" in said
    assert "for songs that lie there type data=folder data.root=" in (told("train", str(CONF)) or "")


def test_each_command_knows_its_own_settings():
    assert "did you mean run=x?" in (told("embed", "runs=x") or "")
    assert "did you mean per_genre=5?" in (told("fetch", "per_gnre=5") or "")
    assert "there is no projection=umpa; did you mean projection=umap?" in (told("embed", "projection=umpa") or "")


def test_what_hydra_says_well_itself_is_left_to_it():
    assert told("train", "+seed=1") is None and told("train", "hydra/launcher=jblib") is None


@pytest.mark.parametrize(
    ("typed", "instead"),
    [("--model=cnn", "model=cnn"), ("--data.root=/x", "data.root=/x"), ("-data.root=/x", "data.root=/x"),
     ("--model cnn", "model=cnn"), ("--seed", "seed=...")],
)  # fmt: skip
def test_settings_have_no_dashes(typed, instead):
    with pytest.raises(UserError, match=f"a setting has no dashes; type {re.escape(instead)}$"):
        check_options(typed.split())


@pytest.mark.parametrize("typed", ["-m", "--multirun", "--cfg job", "--cfg=job", "--config-dir=a.b", "-cn x", "--run",
                                   "--help", "--info", "--hydra-help", "--multi", "-c job", "--version"])  # fmt: skip
def test_hydra_s_own_options_are_left_alone(typed):
    check_options(typed.split())
