"""Paths and names as people type them, put into the quotes that Hydra's grammar wants before Hydra reads them."""

import os
import re
from collections.abc import Iterator, Sequence

from genre_lightning.command_line.quoting import literal
from genre_lightning.errors import UserError

# What the keys end with whose values are paths, one or several; lists of names; and any text.
PATHS = ("ckpt_path", "dir", "dirpath", "encoders", "manifest", "root", "run", "save_dir", "searchpath", "token_file")
PATHS += ("tracks",)
NAMES = ("genres",)
TEXTS = (
    "artist_column", "audio_column", "base_url", "fold_column", "label_column", "name", "revision", "storage",
    "study_name", "subdir", "subset", "title_column",
)  # fmt: skip
ALBUM_GENRES = "album_genres."  # of conf/fetch.yaml: what follows is the name of a genre, whatever it is
MULTIRUN = ("-m", "--multirun", "hydra.mode=MULTIRUN")
SETTING = re.compile(r"(\+{0,2})([^-+~=][^=]*)=(.*)", re.DOTALL)
QUOTED = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*""", re.DOTALL)
# A call of one of Hydra's functions, such as choice(a,b).
CALL = re.compile(r"(choice|extend_list|glob|interval|json_str|range|shuffle|sort|str|tag)\(.*\)", re.DOTALL)
# What stands before a comma: a text in quotes, a list, else any signs, among them interpolations with their commas.
PIECE = re.compile(
    rf"{QUOTED.pattern}(?=,|$)|\s*\[[^]]*\]\s*(?=,|$)|(?:\$\{{(?:[^{{}}]|\{{[^}}]*\}})*\}}|[^,])*", re.DOTALL
)
ENCODED = re.compile(r"\$([0-9a-f]+)\$")


def rewritten(arguments: Sequence[str]) -> list[str]:
    """The command line with paths, names and texts in quotes where Hydra needs them.

    `~` and environment variables in paths are expanded; interpolations, quotes that are there and `null` stay. Commas
    separate the values of a sweep and names of a list; a path that is there as it was typed is one, whatever is in it.

    Raises UserError for what is no text.
    """
    sweep = any(argument in MULTIRUN for argument in arguments)
    return [rewrite(argument, sweep) for argument in joined(arguments)]


def joined(arguments: Sequence[str]) -> Iterator[str]:
    """The arguments without single quotes around them: Windows' cmd leaves these there, and splits at spaces within."""
    begun: list[str] = []
    for argument in arguments:
        begun.append(argument)
        if not begun[0].startswith("'"):
            yield begun.pop()
        elif argument.endswith("'") and " ".join(begun) != "'":
            yield " ".join(begun)[1:-1]
            begun.clear()
    yield from begun


def rewrite(argument: str, sweep: bool) -> str:
    """One argument of the command line, quoted if it sets a path, a name or a list of them. Raises UserError."""
    check_text(argument)
    setting = SETTING.fullmatch(argument)
    if setting is None:
        return argument
    prefix, key, value = setting.groups()
    if key.startswith(ALBUM_GENRES):
        return f"++{ALBUM_GENRES}{encoded(key.removeprefix(ALBUM_GENRES))}={names(value)}"
    last = key.rpartition(".")[2]
    write = paths if last in PATHS else names if last in NAMES else text if last in TEXTS else None
    if write is None or (CALL.fullmatch(value) and not exists(value)):
        return argument
    values = pieces(value, paths_too=write is paths) if sweep else [value]
    return f"{prefix}{key}={','.join(map(write, values))}"


def check_text(argument: str) -> None:
    """Raise UserError for an argument that is no text in the system's encoding, and so cannot be written down."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        shown = argument.encode(errors="backslashreplace").decode()
        raise UserError(
            f"{shown}: this name is not in UTF-8; rename the file or folder, or make a link to it"
        ) from None


def paths(value: str) -> str:
    """A path, or a list of them, as Hydra reads it."""
    if in_brackets(value) and not exists(value):
        return f"[{','.join(path(one.strip()) for one in pieces(value.strip()[1:-1], paths_too=True))}]"
    return path(value)


def path(value: str) -> str:
    """A path as Hydra reads it, with the user's home for `~` and the values of environment variables.

    Raises UserError for a folder that is called like an interpolation: it would be one whenever settings are read.
    """
    if not os.path.exists(value):  # noqa: PTH110 (Path.exists raises for names that are too long)
        return text(expanded(value))
    if "${" in value:
        raise UserError(f"{value}: ${{ in a name stands for a setting; rename it, or make a link to it and name that")
    return literal(value)


def names(value: str) -> str:
    """Names as a list for Hydra, also if they stand in no brackets; each is a text, whatever it looks like."""
    if value in ("", "null") or value.startswith("${"):
        return value
    found = pieces(value.strip()[1:-1] if in_brackets(value) else value, paths_too=False)
    return f"[{','.join(name(one) for one in map(str.strip, found) if one)}]"


def name(value: str) -> str:
    """A name as Hydra reads it."""
    return value if QUOTED.fullmatch(value) else literal(value)


def text(value: str) -> str:
    """Any text as Hydra reads it; `null` is none."""
    return value if value in ("", "null") else name(value)


def in_brackets(value: str) -> bool:
    """Whether a value is a list."""
    return value.strip()[:1] == "[" and value.strip()[-1:] == "]"


def pieces(value: str, paths_too: bool) -> list[str]:
    """What stands between the commas of a value; of paths, neighbours that are one together stay together."""
    found, joined = [*split(value)], []
    while found:
        several = range(len(found), 1, -1) if paths_too else ()
        together = next((count for count in several if exists(",".join(found[:count]).strip())), 1)
        joined.append(",".join(found[:together]))
        del found[:together]
    return joined


def split(value: str) -> Iterator[str]:
    """What stands between the commas of a value that are in no quotes, brackets or interpolations."""
    start, end = 0, -1
    while end < len(value):
        found = PIECE.match(value, start)
        assert found is not None  # it matches anything, also nothing
        end = found.end()
        yield found[0]
        start = end + 1


def exists(value: str) -> bool:
    """Whether there is a file or folder of that name."""
    return os.path.exists(expanded(value))  # noqa: PTH110 (Path.exists raises for names that are too long)


def expanded(value: str) -> str:
    """A path with the user's home for `~` and the values of environment variables."""
    return os.path.expandvars(os.path.expanduser(value))  # noqa: PTH111 (Path.expanduser raises where there is no home)


def encoded(key: str) -> str:
    """A name of any signs as a key that Hydra's grammar has: r&b -> r$26$b."""
    return re.sub(r"^[0-9]|[^A-Za-z0-9_]", lambda sign: f"${ord(sign[0]):x}$", key)


def decoded(key: str) -> str:
    """The name that a key stands for: r$26$b -> r&b."""
    return ENCODED.sub(lambda sign: chr(int(sign[1], 16)), key)
