"""The JavaScript of a page: modules that import each other become one script, since a page is a single file."""

import base64
import re
from hashlib import sha256
from pathlib import Path

IMPORT = re.compile(r'^import [^;]*? from "([^"]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:class|function|const)\b)", re.MULTILINE)


def bundled(entry: Path) -> str:
    """A module and all that it imports, each once and after what it needs itself; for one `<script type="module">`.

    All names of all modules are in one scope then: two modules that declare the same one are an error of the browser's.
    """
    texts: dict[Path, str] = {}

    def add(module: Path) -> None:
        if module in texts:
            return
        text = module.read_text(encoding="utf-8")
        texts[module] = ""  # so that modules that import each other are no endless loop
        for imported in IMPORT.findall(text):
            add((module.parent / imported).resolve())
        del texts[module]
        texts[module] = EXPORT.sub("", IMPORT.sub("", text))

    add(entry.resolve())
    return "\n".join(texts.values())


def csp_hash(script: str) -> str:
    """What a Content-Security-Policy names as `script-src` so that this script between its tags runs, and no other."""
    return f"'sha256-{base64.b64encode(sha256(script.encode()).digest()).decode()}'"
