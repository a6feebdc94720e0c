import os
import shutil

import pytest

from genre_lightning.data.hub.asked import Asked, about, check_packages, digest_of, unreadable
from genre_lightning.errors import UserError, explain

huggingface_hub = pytest.importorskip("huggingface_hub")
httpx2 = pytest.importorskip("httpx2")  # what its errors hold
ASKED = Asked("data/hub", "OWNER/songs", revision="v9")
TOKEN = "hf_secret"


def answer(kind, status=401):
    """An error as the hub's library raises it, whose text has a token."""
    request = httpx2.Request("GET", f"https://huggingface.co/?token={TOKEN}", headers={"authorization": TOKEN})
    return kind(f"{status} for {request.url}", response=httpx2.Response(status, request=request))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("GatedRepoError", r"data\.name: OWNER/songs is gated: agree to its terms at https://.*, then log in"),
        ("RepositoryNotFoundError", r"data\.name: the hub has no OWNER/songs, or it is private: then log in"),
        ("RevisionNotFoundError", r"data\.name: OWNER/songs has no revision v9; see https://"),
        ("HfHubHTTPError", r"data\.name: OWNER/songs cannot be fetched \(the hub answers 503\); it is fetched once"),
    ],
)
def test_what_the_hub_refuses_is_one_line_without_a_token(kind, told, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "is_offline_mode", lambda: False)
    error = answer(getattr(huggingface_hub.errors, kind), 503 if kind == "HfHubHTTPError" else 401)
    with pytest.raises(UserError, match=told) as raised:
        raise unreadable(ASKED, error)
    assert TOKEN not in explain(raised.value) and "\n" not in str(raised.value)
    wrapped = FileNotFoundError("not found")
    wrapped.__cause__ = error
    if kind != "HfHubHTTPError":
        assert str(unreadable(ASKED, wrapped)) == str(raised.value)


def test_without_a_network_it_says_so_and_what_to_do(monkeypatch):
    def cut(*_, **__):
        raise httpx2.ConnectError(f"no route to {TOKEN}")

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", cut)
    monkeypatch.setattr(huggingface_hub, "is_offline_mode", lambda: False)
    with pytest.raises(UserError, match=r"cannot be fetched \(no connection: ConnectError\); .* or name a folder"):
        about(ASKED)
    monkeypatch.setattr(huggingface_hub, "is_offline_mode", lambda: True)
    with pytest.raises(UserError, match=r"OWNER/songs is not in .*OWNER--songs, and HF_HUB_OFFLINE is set"):
        about(ASKED)


def test_the_library_is_asked_for_if_it_is_missing(monkeypatch):
    monkeypatch.setattr("genre_lightning.data.hub.asked.find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"data=hub needs datasets; run: pip install -e .*\[hub\]"):
        check_packages()


REFUSED = [
    (FileNotFoundError("hf://datasets/OWNER/songs@v9/a.wav"), r"OWNER/songs cannot be read: hf://datasets/OWNER"),
    (KeyError(), r"OWNER/songs cannot be read: KeyError"),
    (ValueError("Invalid string class label all"), r"in the folders of an archive; unpack it, and name its folder"),
    (ValueError(f"no table at https://hub/a?sig=1, {TOKEN}"), r"no table at https://hub/a hf_\.\.\.$"),
    (RuntimeError("Dataset scripts are no longer supported, but found a.py"), r"is a program, and programs .* never"),
    (
        ValueError("Config name is missing.\nPick: ['a', 'b']\nExample of usage:\n x"),
        r"data\.subset: .* Pick: \['a', 'b'\]",
    ),
]


@pytest.mark.parametrize(("error", "told"), REFUSED)
def test_what_the_library_refuses_is_one_line(error, told):
    line = str(unreadable(ASKED, error))
    assert not [sign for sign in ("\n", "Example", "no connection", TOKEN) if sign in line]
    with pytest.raises(UserError, match=told):
        raise unreadable(ASKED, error)


def test_a_folder_is_what_is_in_it_wherever_it_lies_and_whenever_it_was_written(tmp_path):
    for name, content in {"a/1.wav": b"one", "metadata.csv": b"rock", ".git/x": b"1"}.items():
        (path := tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    before = digest_of(tmp_path / "set")
    shutil.copytree(tmp_path / "set", tmp_path / "copy")
    os.utime(tmp_path / "copy" / "a" / "1.wav", (0, 0))
    (tmp_path / "copy" / ".git" / "x").unlink()
    assert digest_of(tmp_path / "copy") == before
    for name, content in {"metadata.csv": b"jazz", "a/1.wav": b"another", "a/2.wav": b"two"}.items():
        (tmp_path / "copy" / name).write_bytes(content)
        assert digest_of(tmp_path / "copy") != before
        before = digest_of(tmp_path / "copy")
