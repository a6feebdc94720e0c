import pytest

from genre_lightning.data.hub.asked import Asked, about, check_packages, unreachable, unreadable
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
        raise unreachable(ASKED, error)
    assert TOKEN not in explain(raised.value) and "\n" not in str(raised.value)
    wrapped = FileNotFoundError("not found")
    wrapped.__cause__ = error
    if kind != "HfHubHTTPError":
        assert str(unreachable(ASKED, wrapped)) == str(raised.value)


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


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            RuntimeError("Dataset scripts are no longer supported, but found a.py"),
            r"is a program, and programs .* never",
        ),
        (
            ValueError("Config name is missing.\nPlease pick one: ['a', 'b']\nExample of usage:\n x"),
            r"pick one: \['a', 'b'\]",
        ),
    ],
)
def test_what_the_library_refuses_is_one_line(error, told):
    assert "\n" not in (line := str(unreadable(ASKED, error))) and "Example" not in line
    with pytest.raises(UserError, match=told):
        raise unreadable(ASKED, error)
