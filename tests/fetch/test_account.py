import os

import pytest
import service as fake
from service import TOKEN
from yandex_music._client import device_auth

from genre_lightning.errors import UserError
from genre_lightning.fetch.account import read_token

posix = pytest.mark.skipif(os.name != "posix", reason="asks who may read a file")


@pytest.fixture
def private(tmp_path, monkeypatch):
    """A token file that only its owner can read, and no token in the environment."""
    monkeypatch.delenv("YANDEX_MUSIC_TOKEN")
    path = tmp_path / "file.token"
    path.write_text(f"{TOKEN}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def test_the_environment_comes_first(private, monkeypatch):
    assert read_token(str(private)) == TOKEN
    monkeypatch.setenv("YANDEX_MUSIC_TOKEN", " other ")
    assert read_token(str(private)) == "other"


def test_no_token_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("YANDEX_MUSIC_TOKEN", " ")
    assert read_token(str(tmp_path / "nowhere")) is None
    (tmp_path / "empty").touch(0o600)
    assert read_token(str(tmp_path / "empty")) is None


@posix
@pytest.mark.parametrize("rights", [0o640, 0o604])
def test_a_file_that_others_can_read_is_refused(rights, private):
    private.chmod(rights)
    with pytest.raises(UserError, match=r"others can read .*chmod 600"):
        read_token(str(private))


@pytest.mark.parametrize("text", ["two words", "line\nbreak", "ünïcode"])
def test_what_is_no_token_is_refused_and_not_shown(text, private):
    private.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="does not hold a token") as caught:
        read_token(str(private))
    assert text[-5:] not in str(caught.value)


def test_a_file_in_another_encoding_is_named(private):
    private.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"cannot read .*it is not text"):
        read_token(str(private))


def test_the_file_serves_a_run(private, service, fetch):
    assert fetch(service, "genres=[rock]", "per_genre=1", f"token_file={private.as_posix()}")
    assert f"OAuth {TOKEN}" in {hit.token for hit in service.hits}


@pytest.fixture
def login(service, fetch, tmp_path, monkeypatch):
    """Log in at the stand-in; returns where the token then is."""
    monkeypatch.setattr(device_auth, "_OAUTH_BASE_URL", service.url)
    path = tmp_path / "folder" / "new.token"

    def logged():
        assert fetch(service, "login=true", f"token_file={path.as_posix()}")
        return path

    return logged


@posix
def test_logging_in_writes_a_file_for_its_owner_only(login, capsys, service, root):
    pending = fake.status(400, body=b'{"error": "authorization_pending", "error_description": "not yet"}')
    service.misbehave("^/token", pending, times=2)
    path = login()
    assert path.read_text(encoding="utf-8") == TOKEN and path.stat().st_mode & 0o777 == 0o600
    said = capsys.readouterr().out
    assert "https://ya.ru/device" in said and "1234-abcd" in said and TOKEN not in said
    assert not root.exists() and [other.name for other in path.parent.iterdir()] == ["new.token"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [(fake.status(400, body=b'{"error": "expired_token", "error_description": "late"}'), "login: expired_token"),
     (fake.body(b"<html>sign in to the hotel</html>"), "login: Invalid server response"),
     (fake.status(403), "login: 403 Forbidden"), (fake.status(500), "login: 500 Internal Server Error")],
)  # fmt: skip
def test_a_login_that_fails_is_told_in_a_sentence(fault, said, login, service):
    service.misbehave("^/token", fault)
    with pytest.raises(UserError, match=f"{said}.*login=true again"):
        login()


@pytest.mark.parametrize(
    ("route", "answer"),
    [("^/token", b'{"access_token": 7}'), ("^/token", b'{"access_token": "two words"}'), ("^/token", b"[[[[" * 50_000),
     ("^/device", b'{"expires_in": "x"}'), ("^/device", b"7"), ("^/device", b'{"user_code": [], "interval": -1}')],
)  # fmt: skip
def test_a_login_that_is_answered_oddly_is_told_in_a_sentence(route, answer, login, service, tmp_path):
    pending = fake.status(400, body=b'{"error": "authorization_pending"}')
    service.misbehave("^/token", pending, times=route == "^/device")
    service.misbehave(route, fake.body(answer))
    with pytest.raises(UserError, match=r"^login: .*; run python fetch.py login=true again"):
        login()
    assert not list(tmp_path.rglob("*.token"))
