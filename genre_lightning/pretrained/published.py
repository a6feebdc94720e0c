"""Files that others publish: downloaded once, checked, and kept."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from genre_lightning.errors import UserError
from genre_lightning.files import write_whole

logger = logging.getLogger(__name__)
TIMEOUT_SECONDS = 30.0  # to connect, and from one piece to the next
PIECE_BYTES = 65536


class Published(NamedTuple):
    """A file that somebody publishes.

    Attributes:
        what: What it holds, in a few words.
        url: Where it is published; it is kept by the last part of that.
        is_right: Tells from the content whether it is what was published.
        instead: What else a user may do; empty if nothing.
    """

    what: str
    url: str
    is_right: Callable[[bytes], bool]
    instead: str = ""

    @property
    def name(self) -> str:
        """What the file is called."""
        return self.url.rpartition("/")[2]


def fetched(published: Published, folder: Path) -> bytes:
    """The content of a published file, which is downloaded unless `folder` has it. Raises OSError, UserError."""
    kept = folder / published.name
    if not kept.is_file():  # perhaps in a read-only folder
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f"{published.name}.lock"):  # every process of a run needs it, one fetches it
            if not kept.is_file():
                fetch(published, kept)
    content = kept.read_bytes()
    if not published.is_right(content):
        raise UserError(
            f"{kept} is not {published.name} as it was published, and is not used; delete it, and it is fetched again"
            f"{published.instead}"
        )
    return content


def fetch(published: Published, kept: Path) -> None:
    """Download a file, which appears whole or not at all. Raises OSError, UserError."""
    import requests

    logger.info("fetching %s, once", published.what)
    try:
        content = download(published)
    except requests.RequestException as error:
        raise UserError(
            f"{published.what} cannot be fetched: {reason(error)}; on a computer that is online, download "
            f"{published.url}, and put it into {kept.parent}{published.instead}"
        ) from None
    if not published.is_right(content):
        raise UserError(
            f"what comes from {published.url} is not the file that was published, and is not used; put "
            f"{published.name} into {kept.parent} yourself{published.instead}"
        )
    write_whole(kept, lambda file: file.write(content))


def download(published: Published) -> bytes:
    """The file from where it is published, with a bar on stderr if that is a terminal. Raises RequestException."""
    import requests
    from tqdm import tqdm

    content = bytearray()
    with requests.get(published.url, stream=True, timeout=TIMEOUT_SECONDS) as answer:
        answer.raise_for_status()
        size = int(answer.headers.get("Content-Length", 0)) or None
        with tqdm(desc=published.name, total=size, unit="B", unit_scale=True, disable=None) as bar:
            for piece in answer.iter_content(PIECE_BYTES):
                content += piece
                bar.update(len(piece))
    return bytes(content)


def reason(error: Exception) -> str:
    """Why a download failed, without the addresses in the error's own text: one may contain a proxy's password."""
    import requests

    match error:
        case requests.HTTPError(response=requests.Response(status_code=status)):
            return f"the server answers {status}"
        case requests.exceptions.SSLError():
            return "its certificate is not trusted; REQUESTS_CA_BUNDLE may name another"
        case requests.exceptions.ProxyError():
            return "the proxy does not let it through"
        case requests.Timeout():
            return f"no answer for {TIMEOUT_SECONDS:.0f} s"
        case requests.ConnectionError():
            return "no connection"
    return f"the answer is cut off or garbled ({type(error).__name__})"
