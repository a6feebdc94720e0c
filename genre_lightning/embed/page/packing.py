"""What Python knows becomes text that a page can hold and its script reads back."""

import base64
import json
from typing import Any

import numpy as np


def packed(contents: Any) -> str:
    """Plain values and arrays as JSON, an array as `{"kind": "f4", "base64": ...}` with its numbers row by row.

    Nothing in it can end the element that holds it, so that no tag of a song is run; what is no Unicode is replaced.
    """
    text = json.dumps(contents, default=packed_array, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="replace").decode().replace("<", "\\u003c")


def packed_array(array: np.ndarray) -> dict[str, str]:
    """An array as the page's script unpacks it: little-endian numbers of 1, 2 or 4 bytes."""
    kind = f"{array.dtype.kind}{array.dtype.itemsize}"
    little = array.astype(array.dtype.newbyteorder("<"))
    return {"kind": kind, "base64": base64.b64encode(little.tobytes()).decode()}
