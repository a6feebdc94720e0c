import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

import genre_lightning.errors
from genre_lightning.errors import UserError, explain, is_for_users, one_line_errors

APP = """
defaults:
  - model: small
  - _self_
root: ???
lost: ${nowhere}
features: {_target_: genre_lightning.features.LogMel, n_fft: 2048}
data: {_target_: genre_lightning.sources.folder.folder, root: /does/not/exist}
"""


@pytest.fixture
def composed(tmp_path):
    """Compose a small Hydra app with overrides."""
    (tmp_path / "model").mkdir()
    (tmp_path / "app.yaml").write_text(APP, encoding="utf-8")
    (tmp_path / "model" / "small.yaml").write_text("width: 3", encoding="utf-8")
    (tmp_path / "model" / "large.yaml").write_text("width: 9", encoding="utf-8")
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        yield lambda *overrides: compose("app", overrides=list(overrides))


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """What the environment was before, afterwards; nobody asked for tracebacks."""
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
    monkeypatch.setattr(genre_lightning.errors, "WANTS_TRACEBACK", False)


def ended(error):
    """Raise an error where the program runs; returns the status that the program ends with."""
    with pytest.raises(SystemExit) as caught, one_line_errors():
        raise error
    return caught.value.code


def explained(do):
    """Explain what happens in `do` and see that it is one line for users."""
    with pytest.raises(Exception) as caught:  # whatever Hydra raises
        do()
    text = explain(caught.value)
    assert is_for_users(caught.value)
    assert "\n" not in text and "full_key" not in text and "object_type" not in text, text
    return text


def test_a_user_s_mistake_is_one_line():
    assert ended(UserError("data.root: there is no folder")) == "error: data.root: there is no folder"


def test_no_mistake_is_no_message(capsys):
    with one_line_errors():
        pass
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyError, TypeError, AssertionError, OSError])
def test_a_mistake_of_the_programmer_keeps_its_traceback(error):
    with pytest.raises(error), one_line_errors():
        raise error


def test_ctrl_c_ends_with_status_130_and_a_line(capsys):
    assert ended(KeyboardInterrupt()) == 130
    assert "stopped" in capsys.readouterr().err


def test_an_exit_on_purpose_goes_through():
    assert ended(SystemExit(7)) == 7


def test_whoever_wants_the_traceback_gets_it(monkeypatch):
    monkeypatch.setattr(genre_lightning.errors, "WANTS_TRACEBACK", True)
    with pytest.raises(UserError), one_line_errors():
        raise UserError("data.root: there is no folder")


def test_it_decorates_a_function_more_than_once():
    @one_line_errors()
    def work(fails):
        if fails:
            raise UserError("no")
        return 3

    assert work(False) == 3
    for _ in range(2):
        with pytest.raises(SystemExit, match="error: no"):
            work(True)


def test_hydra_s_errors_end_with_one_line(composed):
    with pytest.raises(SystemExit) as caught, one_line_errors():
        composed("rot=here")
    assert caught.value.code == "error: there is no setting 'rot'; add --cfg job to the command to see them all"


@pytest.mark.parametrize("key", ["rot", "model.depth", "features.nfft"])
def test_an_unknown_setting_is_named(composed, key):
    assert explained(lambda: composed(f"{key}=1")).startswith(f"there is no setting '{key}'")


def test_an_unknown_option_is_named_beside_those_there_are(composed):
    text = explained(lambda: composed("model=huge"))
    assert "model/huge" in text and "large small" in text and "provider" not in text


def test_an_override_that_cannot_be_read_is_said_so(composed):
    text = explained(lambda: composed("model.width=[1"))
    assert "[1" in text and "https" not in text


@pytest.mark.parametrize("key", ["root", "data.root"])
def test_a_setting_without_a_value_says_how_to_give_it_one(composed, key):
    config = composed(f"{key}=???")
    text = explained(lambda: config.root if key == "root" else instantiate(config.data))
    assert text == f"{key} is not set; add {key}=... to the command"


def test_a_reference_to_nowhere_is_named(composed):
    assert "nowhere" in explained(lambda: composed().lost)


def test_a_user_s_mistake_found_by_a_target_is_told_in_its_own_words(composed):
    text = explained(lambda: instantiate(composed().data))
    assert text.startswith("data.root: there is no folder")


def test_a_value_that_a_target_refuses_is_named_with_its_key(composed):
    text = explained(lambda: instantiate(composed("features.n_fft=-1").features))
    assert text == "features: n_fft must be above 0, not -1"


def test_a_setting_that_a_target_does_not_have_is_named(composed):
    text = explained(lambda: instantiate(composed("+features.nfft=512").features))
    assert text.startswith("features: ") and "nfft" in text


def test_a_target_that_does_not_exist_is_named_in_one_line(composed):
    text = explained(lambda: instantiate(composed("features._target_=genre_lightning.features.Nothing").features))
    assert text.startswith("features: ") and "Nothing" in text


def test_lightning_s_advice_is_for_users():
    from lightning.fabric.utilities.exceptions import MisconfigurationException

    assert ended(MisconfigurationException("no such accelerator\n is there")) == "error: no such accelerator is there"
