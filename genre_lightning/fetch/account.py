"""The user's token: where it comes from, and how one is got. It is never logged, and stored in its own file only."""

import logging
import os
import re
import stat
from pathlib import Path

from yandex_music import Client, DeviceCode
from yandex_music.exceptions import YandexMusicError

from genre_lightning.errors import UserError
from genre_lightning.fetch.answers import asked, legible
from genre_lightning.fetch.failures import ODD, SENSELESS, ServiceError
from genre_lightning.files import write_text_whole

logger = logging.getLogger(__name__)
VARIABLE = "YANDEX_MUSIC_TOKEN"
# What may stand in a header; anything else would be quoted, token and all, in an error of requests.
TOKEN = re.compile(r"[\x21-\x7e]+")


def read_token(token_file: str) -> str | None:
    """The token in the environment, else that in `token_file`, else None.

    Raises UserError for a file that others can read, and for something that is no token.
    """
    where, token = VARIABLE, os.environ.get(VARIABLE, "")
    path = Path(token_file).expanduser()
    if not token.strip() and path.is_file():
        where, token = f"token_file: {path}", read_private(path)
    if not (token := token.strip()):
        return None
    if not TOKEN.fullmatch(token):
        raise UserError(f"{where}: does not hold a token: a token has no spaces, line ends or other signs of that kind")
    return token


def read_private(path: Path) -> str:
    """The text of a file that only its owner can read. Raises UserError."""
    try:
        if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UserError(f"token_file: others can read {path}; chmod 600 {path}")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"token_file: cannot read {path}: {getattr(error, 'strerror', 'it is not text')}") from None


def log_in(client: Client, token_file: str) -> None:
    """Let the user allow this program to use the account, in a browser, and store the token. Raises UserError."""
    again = "run python fetch.py login=true again"
    try:
        token = client.device_auth(ask_user).access_token
    except (YandexMusicError, ServiceError) as error:
        raise UserError(f"login: {legible(str(error))[:200]}; {again}") from None
    except ODD:
        raise UserError(f"login: {SENSELESS}; {again}") from None
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        raise UserError(f"login: the service gave no token; {again}")
    path = Path(token_file).expanduser()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text_whole(path, token, mode=0o600)
    except OSError as error:
        raise UserError(f"token_file: cannot write {path}: {error.strerror}") from None
    logger.info("the token is in %s, which only you can read", path)


def ask_user(code: DeviceCode) -> None:
    """Say where the code is to be typed."""
    address, typed = legible(str(code.verification_url)), legible(str(code.user_code))
    print(f"open {address} and enter the code {typed}; this program waits", flush=True)


def check_account(client: Client) -> None:
    """Ask whose token it is, and warn if it has no subscription. Raises UserError if it is of no use."""
    try:
        status = asked(client.account_status)
    except ServiceError as failure:
        raise UserError(f"the service cannot be reached: {failure}; run again later") from None
    if status is None or status.account is None:
        return
    if status.account.service_available is False:
        raise UserError("the service says that it is not available in this region")
    if status.plus is not None and not status.plus.has_plus:
        logger.warning("the account has no Plus subscription: the service may give nothing but previews")
