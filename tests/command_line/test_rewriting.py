from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser

from genre_lightning.command_line.rewriting import decoded, rewritten
from genre_lightning.errors import UserError
from genre_lightning.fetch.settings import checked_settings

CONF = Path(__file__).parents[2] / "conf"
NAMES = [
    "Музыка", "My Music (2019)", "a=b", "100 hits!", "R&B", "it's", 'the "best"', "#1", "x: y", "$x$", "{a}", "100%",
    "😀", "a@b", "~x", "*", "tab\tx", "yes", "no", "on", "off", "true", "1", "1e3", "Hip-Hop/Rap", "a|b", "a;b",
]  # fmt: skip


@pytest.fixture(scope="module")
def composed():
    """What Hydra makes of a command line of `config`."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield lambda config, *typed: compose(config, rewritten(typed))


def value(typed, *before):
    """What Hydra's parser makes of the last argument: a value, or the values of a sweep."""
    override = OverridesParser.create().parse_override(rewritten([*before, typed])[-1])
    return [*override.sweep_string_iterator()] if override.is_sweep_override() else override.value()


def test_paths_of_any_name_reach_each_setting_of_a_path(composed):
    odd = '/Музыка/My Music (2019), a=b 100% R&B it\'s "#1"! {x} [y] C:\\x\\'
    typed = (f"{key}={odd}" for key in ("data.root", "cache.root", "ckpt_path", "data.manifest"))
    config = composed("train", "data=gtzan", *typed)
    assert [config.data.root, config.cache.root, config.ckpt_path, config.data.manifest] == [odd] * 4
    assert composed("embed", f"run={odd}").run == odd
    config = composed("fetch", f"root={odd}", f"token_file={odd}", "api.base_url=http://localhost:1/?a=b&c")
    assert (config.root, config.token_file, config.api.base_url) == (odd, odd, "http://localhost:1/?a=b&c")


@pytest.mark.parametrize("name", [*NAMES, "a,b", "[x", "trailing\\", "C:\\Users\\me\\Music", "null and void"])
@pytest.mark.parametrize("key", ["data.root", "+data.root", "++hydra.run.dir", "ckpt_path", "logger.csv.name"])
def test_a_path_is_what_was_typed(name, key):
    assert value(f"{key}={name}") == name


def test_every_setting_of_conf_that_holds_a_path_takes_one_as_it_is():
    for file in ("train", "embed", "fetch", "data/folder", "data/gtzan", "data/yandex", "data/demo"):
        for line in (CONF / f"{file}.yaml").read_text(encoding="utf-8").splitlines():
            key = line.strip().partition(":")[0]
            if key in ("root", "run", "ckpt_path", "token_file", "manifest", "tracks") and line.partition(": ")[2]:
                assert value(f"{key}=Моя (музыка)") == "Моя (музыка)"


@pytest.mark.parametrize("key", ["data.genres", "genres", "+data.genres"])
def test_names_are_texts_whatever_they_look_like(key):
    assert value(f"{key}=[{','.join(NAMES)}, null]") == [*NAMES, "null"]
    assert value(f"{key}=['a, b',\"c\", hip hop ,]") == ["a, b", "c", "hip hop"]
    assert value(f"{key}=rock") == ["rock"] and value(f"{key}=рок,джаз") == ["рок", "джаз"]
    assert value(f"{key}=null") is None and value(f"{key}=[]") == []


def test_encoders_are_names_of_a_hub_or_folders_of_any_name():
    names = ["musicnn", "MIT/ast-10-10-0.4593", "a/b:6@refs/pr/1", "/my nets (2026)/clap #2", f"a/b@{'0' * 40}"]
    assert value(f"features.encoders=[{', '.join(names)}]") == names
    assert value("features.encoders=[musicnn],[a/b]", "-m") == ["[musicnn]", "[a/b]"]


def test_several_folders_are_a_list(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a, b").mkdir()
    assert value("data.root=[/Моя (1), a, b ,'c d']") == ["/Моя (1)", "a, b", "c d"]
    assert value("data.root=a, b") == "a, b" and value("data.root=x,y") == "x,y"
    Path("[c]").mkdir()
    assert value("data.root=[c]") == "[c]"


def test_in_a_sweep_commas_separate_values_but_in_a_path_that_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert value("data.root=/Моя (1),b", "-m") == ['"/Моя (1)"', "b"]
    assert value("data.root=[a,ж],c", "--multirun") == ['[a,"ж"]', "c"]
    assert value("data.genres=[рок,r&b],[a,b]", "-m") == ['["рок","r&b"]', "[a,b]"]
    assert value("data.root=choice(a,b)") == ["a", "b"] and value("seed=1,2", "-m") == ["1", "2"]
    Path("a,b").mkdir()
    assert value("data.root=a,b", "-m") == "a,b" and value("data.root=a,b,c", "-m") == ['"a,b"', "c"]


@pytest.mark.parametrize(
    "typed", ["data.root='a b'", 'data.root="a \\"b\\""', "data.root=null", "ckpt_path=", "data.root=${cache.root}/x",
              "hydra.sweep.dir=logs/${now:%Y-%m-%d}", "model=cnn,", "seed=1,2", "~data.root", "--config-dir=a b", "-m",
              "+trainer.max_time={minutes: 10}", "features.encoders=[musicnn]", "data.root=choice(a,b)", "My Music"]
)  # fmt: skip
def test_what_hydra_reads_as_it_is_meant_stays(typed):
    assert rewritten([typed]) == [typed] and rewritten(rewritten([typed])) == [typed]


def test_single_quotes_that_a_shell_left_there_are_taken_off():
    typed = ["-m", "'data.root=My", "Music", "(1)'", "'seed=1,2'", "'a"]
    assert rewritten(typed) == ["-m", 'data.root="My Music (1)"', "seed=1,2", "'a"]


@pytest.mark.parametrize("name", NAMES)
def test_what_was_quoted_once_is_not_quoted_again(name):
    once = rewritten([f"data.root={name}", f"data.genres=[{name}]"])  # as Lightning starts processes of more devices
    assert rewritten(once) == once


def test_interpolations_within_odd_names_still_work(composed):
    config = composed("train", "data=folder", "cache.root=Кэш", "data.root=${cache.root}/R&B (1)")
    assert config.data.root == "Кэш/R&B (1)"


def test_home_and_environment_variables_are_expanded_but_in_names_that_are_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("SONGS", "Моя музыка")
    assert value("data.root=~/a b") == f"{tmp_path}/a b"
    assert value("data.root=[~,$SONGS/x,${SONGS}]") == [str(tmp_path), "Моя музыка/x", "Моя музыка"]
    assert value("data.root=$NOTHING/x") == "$NOTHING/x" and value("genres=$SONGS") == ["$SONGS"]
    Path("$SONGS").mkdir()
    assert value("data.root=$SONGS") == "$SONGS"


def test_a_folder_called_like_an_interpolation_cannot_be_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("${seed}").mkdir()
    with pytest.raises(UserError, match=r"^\$\{seed\}: \$\{ in a name stands for a setting; rename it, or make a link"):
        rewritten(["data.root=${seed}"])


@pytest.mark.parametrize("genre", ["r&b", "hip-hop/rap", "джаз", "8-bit", "$x$", "a.b", "😀", "rock", "new wave"])
@pytest.mark.parametrize("prefix", ["", "+", "++"])
def test_albums_of_any_genre_can_be_named(genre, prefix):
    key, _, listed = rewritten([f"{prefix}album_genres.{genre}=[rnb, r&b]"])[0].partition("=")
    assert key.startswith("++") and decoded(key.removeprefix("++album_genres.")) == genre and listed == '[rnb,"r&b"]'


def test_albums_of_a_genre_that_was_not_there_are_added_and_others_replaced(composed):
    config = composed("fetch", "genres=[R&B,rock]", "+album_genres.R&B=[rnb,soul]", "album_genres.rock=hardrock")
    settings = checked_settings(config)
    assert settings.genres == ["r&b", "rock"] and settings.album_genres["jazz"]
    assert settings.album_genres["r&b"] == ["rnb", "soul"] and settings.album_genres["rock"] == ["hardrock"]


def test_a_name_that_is_no_text_is_one_line():
    with pytest.raises(UserError, match=r"^data\.root=\\udcff: this name is not in UTF-8; rename the file or folder"):
        rewritten(["data.root=\udcff"])
