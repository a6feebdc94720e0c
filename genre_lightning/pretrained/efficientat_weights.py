"""The weights of EfficientAT's mn04_as: downloaded once from where they are published, and kept."""

import io
import logging
from pathlib import Path

import torch
from filelock import FileLock

from genre_lightning.errors import UserError
from genre_lightning.files import write_whole
from genre_lightning.pretrained.efficientat import EfficientAT
from genre_lightning.pretrained.weights import checked, load_once, sha256

logger = logging.getLogger(__name__)
FILE = "mn04_as_mAP_432.pt"
URL = f"https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/{FILE}"
SHA256 = "899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c"
TIMEOUT_SECONDS = 30.0  # to connect, and from one piece to the next
PIECE_BYTES = 65536


def load_efficientat() -> EfficientAT:
    """The network with its weights, in evaluation mode; the same object each time. Raises UserError if it has none."""
    return load_once(load)


def load(folder: Path) -> EfficientAT:
    """The network with the weights in `folder`, which are downloaded if need be. Raises OSError, UserError."""
    kept = folder / FILE
    if not kept.is_file():  # perhaps in a read-only folder
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "efficientat.lock"):  # every process of a run needs it, one fetches it
            if not kept.is_file():
                fetch(kept)
    network = EfficientAT()
    network.load_state_dict(torch.load(io.BytesIO(checked(kept, SHA256, FILE)), weights_only=True))
    return network


def fetch(kept: Path) -> None:
    """Download the file, which appears whole or not at all. Raises OSError, UserError."""
    import requests

    logger.info("fetching the weights of EfficientAT, 4 MB, once")
    try:
        content = download()
    except requests.RequestException as error:
        raise UserError(
            f"the weights of EfficientAT cannot be fetched: {reason(error)}; on a computer that is online, download "
            f"{URL}, and put it into {kept.parent}; or do without: features.encoders=[musicnn]"
        ) from None
    if sha256(content) != SHA256:
        raise UserError(
            f"what comes from {URL} is not the file that was published (another SHA-256), and is not used; put "
            f"{FILE} into {kept.parent} yourself, or do without: features.encoders=[musicnn]"
        )
    write_whole(kept, lambda file: file.write(content))


def download() -> bytes:
    """The file from where it is published, with a bar on stderr if that is a terminal. Raises RequestException."""
    import requests
    from tqdm import tqdm

    content = bytearray()
    with requests.get(URL, stream=True, timeout=TIMEOUT_SECONDS) as answer:
        answer.raise_for_status()
        size = int(answer.headers.get("Content-Length", 0)) or None
        with tqdm(desc=FILE, total=size, unit="B", unit_scale=True, disable=None) as bar:
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
