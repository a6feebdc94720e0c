import json
import logging
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import torch

from genre_lightning.errors import UserError
from genre_lightning.features.encoders.hub import outcome
from genre_lightning.features.pretrained import Pretrained
from genre_lightning.pretrained import fetching
from genre_lightning.pretrained.hub import pinned, read_name, settings_in, weights_of

pytest.importorskip("transformers")
NAME = "owner/net"
TOKEN = "hf_not_to_be_seen"


class Hub(BaseHTTPRequestHandler):
    """A hub of one network, of which `commit` is the newest; `refused` answers for everything instead."""

    commit, files, refused, asked, offers = "1" * 40, {}, None, [], []

    def do_GET(self):
        """Answer what is known of the network and its files, and its files themselves."""
        path, _, file = self.path.partition("?")[0].partition("/resolve/")
        self.asked.append((self.path, self.headers.get("Authorization")))
        if self.refused or (not file and NAME not in path) or (file and file.partition("/")[2] not in self.files):
            status, code = self.refused or (404, "EntryNotFound" if file else "RepoNotFound")
            return self.answer(b"", status, {"X-Error-Code": code, "X-Error-Message": f"{TOKEN} is not allowed"})
        if file:
            content = self.files[file.partition("/")[2]]
            return self.answer(content, 200, {"ETag": f'"{oid(content)}"', "X-Repo-Commit": self.commit})
        return self.answer(json.dumps(self.told("tree" if "/tree/" in path else path.rpartition("/")[2])).encode())

    def told(self, what):
        """What is known of the network: all its files, offers of others to change it, or, for any other word, it."""
        if what == "discussions":
            return {"count": len(self.offers), "start": 0, "discussions": self.offers}
        if what == "tree":
            return [{"type": "file", "path": name, "size": len(of), "oid": oid(of)} for name, of in self.files.items()]
        siblings = [{"rfilename": name, "size": len(of)} for name, of in self.files.items()]
        return {"id": NAME, "sha": self.commit, "siblings": siblings, "tags": [], "downloads": 0, "private": False}

    do_HEAD = do_GET  # noqa: N815

    def answer(self, content, status=200, headers=()):
        """Send a status, headers and, unless only these were asked for, a content."""
        self.send_response(status)
        for key, value in {"Content-Type": "application/json", "Content-Length": len(content), **dict(headers)}.items():
            self.send_header(key, str(value))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""


def oid(content):
    """The name that git gives a file."""
    return sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@pytest.fixture
def online(tmp_path, monkeypatch):
    """A hub on this machine, which the library asks, with a cache of its own and a token."""
    constants = pytest.importorskip("huggingface_hub.constants")
    pytest.importorskip("transformers")
    files = {"config.json": b'{"model_type": "clap"}', "README.md": b"# Net", "evil.py": b"import os", "x.bin": b"x"}
    served = type("Served", (Hub,), {"files": files, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), served)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    here = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", here)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", here + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    yield served
    server.shutdown()
    server.server_close()


def test_settings_are_fetched_and_nothing_else_and_the_commit_is_pinned(online):
    name = pinned(read_name(NAME))
    assert name.text == f"{NAME}@{'1' * 40}"
    folder = settings_in(name)
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "config.json"]


def test_what_was_fetched_once_stays_what_it_was_without_asking_again(online, monkeypatch):
    before = pinned(read_name(NAME))
    online.commit, online.files = "2" * 40, {**online.files, "config.json": b'{"model_type": "wavlm"}'}
    online.asked.clear()
    assert pinned(before) == before and b"clap" in (settings_in(before) / "config.json").read_bytes()
    assert not online.asked
    assert pinned(read_name(NAME)).revision == "2" * 40
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert pinned(before) == before and pinned(read_name(NAME)).revision == "2" * 40


@pytest.mark.parametrize("author", ["SFconvertbot", "somebody", None])
def test_weights_that_may_hide_code_are_refused_and_those_of_the_hubs_own_robot_named(online, author):
    offer = {"title": "Adding `safetensors` variant of this model", "num": 7, "author": {"name": author}}
    offer |= {"createdAt": "2026-01-01T00:00:00.000Z", "status": "open", "isPullRequest": True}
    online.offers = [offer | {"repo": {"name": NAME, "type": "model"}}] if author else []
    with pytest.raises(UserError, match="owner/net has no weights as safetensors, and others") as raised:
        weights_of(pinned(read_name(NAME)))
    cure = "the hub's own robot has made some of them: name owner/net@refs/pr/7"
    assert str(raised.value).endswith(cure if author == "SFconvertbot" else "ask its authors for some")


def test_a_network_is_heard_offline_after_the_first_time_and_shows_how_far_it_is(online, networks, monkeypatch, capsys):
    online.files = {path.name: path.read_bytes() for path in networks["ast"].iterdir()}
    (name,) = Pretrained([NAME]).encoders
    assert not any("safetensors" in path for path, _ in online.asked), "fetched when it is needed"
    first = Pretrained([name])(torch.ones(16000))
    assert "100%" in capsys.readouterr().err
    online.refused = (503, "")
    online.asked.clear()
    outcome.cache_clear()
    torch.testing.assert_close(Pretrained([name])(torch.ones(16000)), first)
    assert not online.asked
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert Pretrained([NAME]).encoders == [name]


def test_a_network_that_cannot_hear_is_told_of_before_its_weights_are_fetched(online):
    online.files = {"config.json": b'{"model_type": "bert"}', "model.safetensors": b"x"}
    with pytest.raises(UserError, match="owner/net is bert; what can hear here are AST, CLAP") as raised:
        Pretrained([NAME])
    assert "\n" not in str(raised.value) and not any("model.safe" in path for path, _ in online.asked)


def test_weights_are_fetched_when_they_are_needed_and_their_size_is_said(online, caplog):
    caplog.set_level(logging.INFO, fetching.__name__)
    name = pinned(read_name(NAME))
    with pytest.raises(UserError, match="owner/net has no weights as safetensors"):
        weights_of(name)
    online.files = {**online.files, "model.safetensors": bytes(3 << 20)}
    online.commit = "3" * 40
    (weights,) = weights_of(pinned(read_name(NAME)))
    assert weights.stat().st_size == 3 << 20
    assert [one.message for one in caplog.records] == ["fetching owner/net from the hub, 3 MB, if it is not here yet"]


def test_more_than_is_ever_read_is_not_fetched(online, monkeypatch):
    monkeypatch.setattr(fetching, "MOST_BYTES", 2**20)
    online.files = {**online.files, "model.safetensors": bytes(3 << 20)}
    with pytest.raises(UserError, match="has more than 0 GB of weights"):
        weights_of(pinned(read_name(NAME)))


@pytest.mark.parametrize(
    ("refused", "line"),
    [
        ((403, "GatedRepo"), "owner/net is gated: agree to its terms at https://huggingface.co/owner/net, then log in"),
        (
            (404, "RepoNotFound"),
            "the hub has no owner/net, or does not show it to you: check its name, or log in",
        ),
        ((404, "RevisionNotFound"), "owner/net has no revision v9"),
        ((401, ""), "the hub has no owner/net, or does not show it to you"),  # who are not, or wrongly, logged in
        ((503, ""), "owner/net cannot be fetched: the hub answers 503; it is fetched once, and works offline from"),
    ],
)
def test_what_the_hub_refuses_is_one_line_without_the_token(online, refused, line, caplog):
    online.refused = refused
    with pytest.raises(UserError, match=line) as raised:
        pinned(read_name(f"{NAME}@v9"))
    assert TOKEN not in str(raised.value) and raised.value.__suppress_context__ and "\n" not in str(raised.value)
    assert TOKEN not in caplog.text
    assert any(token == f"Bearer {TOKEN}" for _, token in online.asked)  # and yet the hub was told


def test_without_a_network_or_packages_it_says_so(online, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="owner/net was not fetched yet, and HF_HUB_OFFLINE is set; it is fetched once"):
        pinned(read_name(NAME))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"owner/net cannot be fetched: no connection \(ConnectError\); it is fetched"):
        pinned(read_name(NAME))
    monkeypatch.setattr(fetching, "find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"net needs huggingface_hub and transformers; run: pip install .*\[hub\]"):
        fetching.check_packages("net")
