import json
import logging
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from genre_lightning.errors import UserError
from genre_lightning.pretrained import hub
from genre_lightning.pretrained.hub import Name, missing, pinned, read_name, settings_in, weights_of

NAME = "owner/net"
TOKEN = "hf_not_to_be_seen"


@pytest.mark.parametrize(
    ("text", "place", "layer", "revision"),
    [
        ("MIT/ast-10-10-0.4593", "MIT/ast-10-10-0.4593", None, ""),
        ("a/b:6", "a/b", 6, ""),
        ("a/b@refs/pr/18", "a/b", None, "refs/pr/18"),
        (f"a/b:6@{'0' * 40}", "a/b", 6, "0" * 40),
    ],
)
def test_names_of_a_hub_have_a_layer_and_a_revision_where_they_are_named(text, place, layer, revision):
    name = read_name(text)
    assert name == Name(place, layer, revision, is_folder=False) and name.text == text
    assert name.called == place + (f":{layer}" if layer else "")


@pytest.mark.parametrize("text", ["", "musicnn", "/nowhere/net", "a/b/c", "../x", "a/", "a/b@", "a/\x1b", "a\0/b"])
def test_anything_else_is_no_name_unless_it_is_a_folder(text):
    assert read_name(text) is None


def test_a_folder_goes_before_a_name_of_the_hub_but_for_a_commit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my nets: old@x" / "a").mkdir(parents=True)
    (tmp_path / "a" / "b").mkdir(parents=True)
    for text, folder in (("a/b", "a/b"), ("my nets: old@x/a", "my nets: old@x/a"), ("a", "a")):
        name = read_name(text)
        assert name.is_folder and name.place == (tmp_path / folder).as_posix()
        assert name.called == folder.rpartition("/")[2]
    assert read_name("a/b:3@0123456789abcdef") == Name((tmp_path / "a/b").as_posix(), 3, "0123456789abcdef", True)
    assert not read_name(f"a/b@{'0' * 40}").is_folder


def test_a_folder_is_pinned_by_what_lies_in_it(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    first = pinned(read_name(str(tmp_path)))
    (tmp_path / "notes.txt").write_text("mine")
    assert pinned(first) == first and len(first.revision) == 16
    (tmp_path / "model.safetensors").write_text("x")
    assert pinned(read_name(str(tmp_path))).revision != first.revision
    with pytest.raises(UserError, match="does not hold the network any more that this was made with"):
        pinned(first)


def test_a_folder_that_has_moved_is_found_by_its_name_where_one_is_and_keeps_its_own(tmp_path, monkeypatch):
    before, now = tmp_path / "before" / "net", tmp_path / "now"
    before.mkdir(parents=True)
    (before / "config.json").write_text("{}")
    name = pinned(read_name(f"{before}:1"))
    now.mkdir()
    before.rename(now / "net")
    assert read_name(name.text) is None
    assert "net is gone, with a network that this was made with; put it back, or into the" in str(missing(name.text))
    monkeypatch.chdir(now)
    assert read_name(name.text) == name == pinned(name), "so that what was computed with it is still of use"
    assert settings_in(name) == now / "net"
    on_windows = f"C:/nets/net@{name.revision}"
    assert settings_in(pinned(read_name(on_windows))) == now / "net"
    assert read_name(f"{before}") is None and not read_name(f"before/net@{name.revision}").is_folder
    (now / "net" / "config.json").write_text("{ }")
    with pytest.raises(UserError, match="now/net does not hold the network any more that this was made with"):
        pinned(name)


def test_folders_without_a_network_and_weights_that_may_hide_code_are_refused(tmp_path):
    name = read_name(str(tmp_path))
    with pytest.raises(UserError, match=r"holds no network that is read here: it has no config\.json"):
        pinned(name)
    (tmp_path / "pytorch_model.bin").write_text("x")
    (tmp_path / "model-fp16.safetensors").write_text("x")
    with pytest.raises(UserError, match=r"has no weights as safetensors, and others \(\.bin, \.pt\) are not read"):
        weights_of(name)
    (tmp_path / "model-00001-of-00002.safetensors").write_text("x")
    assert [path.name for path in weights_of(name)] == ["model-00001-of-00002.safetensors"]
    (tmp_path / "model.safetensors").write_text("x")
    assert [path.name for path in weights_of(name)] == ["model.safetensors"]


def test_weights_that_fill_the_memory_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "MOST_BYTES", 3)
    (tmp_path / "model.safetensors").write_text("four")
    with pytest.raises(UserError, match="has more than 0 GB of weights, which are not read"):
        weights_of(read_name(str(tmp_path)))


class Hub(BaseHTTPRequestHandler):
    """A hub of one network, of which `commit` is the newest; `refused` answers for everything instead."""

    commit, files, refused, asked = "1" * 40, {}, None, []

    def do_GET(self):
        """Answer what is known of the network and its files, and its files themselves."""
        path, _, file = self.path.partition("?")[0].partition("/resolve/")
        self.asked.append((self.path, self.headers.get("Authorization")))
        if self.refused or (not file and NAME not in path) or (file and file.partition("/")[2] not in self.files):
            status, code = self.refused or (404, "EntryNotFound" if file else "RepoNotFound")
            return self.answer(b"", status, {"X-Error-Code": code, "X-Error-Message": f"{TOKEN} is not allowed"})
        if file:
            content = self.files[file.partition("/")[2]]
            of_file = {"ETag": f'"{oid(content)}"', "X-Repo-Commit": self.commit}
            return self.answer(content, 200, of_file)
        listed = [{"type": "file", "path": name, "size": len(of), "oid": oid(of)} for name, of in self.files.items()]
        about = {
            "id": NAME,
            "sha": self.commit,
            "siblings": [{"rfilename": name, "size": len(of)} for name, of in self.files.items()],
            "tags": [],
            "downloads": 0,
            "private": False,
        }
        return self.answer(json.dumps(listed if "/tree/" in path else about).encode())

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


def test_weights_are_fetched_when_they_are_needed_and_their_size_is_said(online, caplog):
    caplog.set_level(logging.INFO, hub.__name__)
    name = pinned(read_name(NAME))
    with pytest.raises(UserError, match="owner/net has no weights as safetensors"):
        weights_of(name)
    online.files = {**online.files, "model.safetensors": bytes(3 << 20)}
    online.commit = "3" * 40
    (weights,) = weights_of(pinned(read_name(NAME)))
    assert weights.stat().st_size == 3 << 20
    assert [one.message for one in caplog.records] == ["fetching owner/net from the hub, 3 MB, if it is not here yet"]


def test_more_than_is_ever_read_is_not_fetched(online, monkeypatch):
    monkeypatch.setattr(hub, "MOST_BYTES", 2**20)
    online.files = {**online.files, "model.safetensors": bytes(3 << 20)}
    with pytest.raises(UserError, match="has more than 0 GB of weights"):
        weights_of(pinned(read_name(NAME)))


@pytest.mark.parametrize(
    ("refused", "line"),
    [
        ((403, "GatedRepo"), "owner/net is gated: agree to its terms at https://huggingface.co/owner/net, then log in"),
        ((404, "RepoNotFound"), "the hub has no owner/net, or it is private; if you may see it, log in with"),
        ((404, "RevisionNotFound"), "owner/net has no revision v9"),
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
    monkeypatch.setattr(hub, "find_spec", lambda _: None)
    with pytest.raises(
        UserError, match=r"owner/net needs huggingface_hub and transformers; run: pip install .*\[hub\]"
    ):
        pinned(read_name(NAME))
