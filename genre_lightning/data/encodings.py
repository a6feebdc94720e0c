"""Text whose encoding nobody has named, or has named wrongly: in tags, and in tables of spreadsheets."""

import re
from contextlib import suppress

CYRILLIC = ("cp1251", "koi8-r", "cp866")
FREQUENT = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё"  # letters of Russian, the most frequent first
# Signs that no name holds, and that the bytes of letters are in another encoding.
CYRILLIC_WORD = re.compile("[\u0400-\u04ff]+")
UNUSUAL = re.compile(
    "[\xa0\u2010-\u201f\u2026]"
)  # in a name that is read in the wrong encoding more often than in others
ODD_SIGNS = re.compile("[\x80-\x9f\xa4-\xaa\xac-\xba\u2020-\u2022\u2030\u2039\u203a\u20ac\u2122\u2500-\u25ff\ufffd]")


def recovered(text: str) -> str:
    """A text whose bytes were taken for Latin-1, as ID3 says they are, in the encoding that they were written in."""
    for wrong in ("latin-1", "cp1252"):
        with suppress(UnicodeEncodeError):
            return decoded(text.encode(wrong))
    return text


def decoded(raw: bytes) -> str:
    """Bytes that nobody has named the encoding of: UTF-8, an encoding in which all words are Cyrillic, or Latin-1."""
    with suppress(UnicodeDecodeError):
        return raw.decode("utf-8")
    if (cut := re.sub(rb"[\xc0-\xff][\x80-\xbf]{0,2}$", b"", raw)) and cut != raw and not cut.isascii():
        with suppress(UnicodeDecodeError):  # ID3v1 cuts names after 30 bytes
            return cut.decode("utf-8")
    if read := [text for encoding in CYRILLIC if is_cyrillic(text := raw.decode(encoding, "replace"))]:
        return min(read, key=oddity)
    return raw.decode("cp1252" if re.search(rb"[\x80-\x9f]", raw) else "latin-1", "replace")


def is_cyrillic(text: str) -> bool:
    """Whether a text is one in Cyrillic: no word mixes scripts, and there is more than a single letter of it."""
    words = re.findall(r"[^\W\d_]+", text)
    cyrillic = [word for word in words if CYRILLIC_WORD.fullmatch(word)]
    plain = all(word.isascii() or word in cyrillic for word in words) and not ODD_SIGNS.search(text)
    return plain and sum(map(len, cyrillic)) > 1


def oddity(text: str) -> float:
    """How little a text reads as a name: how rare its letters are, and whether its capitals are where they should be.

    The bytes of a word in capitals are a word in small letters in another encoding.
    """
    words = CYRILLIC_WORD.findall(text)
    places = [FREQUENT.find(letter) % 34 for letter in "".join(words).lower()]
    small = any(word[0].islower() for word in words)
    mixed = any(not (word.isupper() or word[1:].islower() or len(word) == 1) for word in words)
    return sum(places) / len(places) + 10 * (small + mixed + len(UNUSUAL.findall(text)))


def of_one_meaning(raw: bytes) -> str | None:
    """The text of bytes that are no UTF-8, if it reads as text in one of Windows' encodings only; else None."""
    good = [letter for letter in raw.decode("utf-8", "ignore") if not letter.isascii()]
    if b"\0" in raw or 4 * len(good) > sum(byte > 127 for byte in raw):  # UTF-16, or UTF-8 with something else in it
        return None
    read = []
    if is_cyrillic(text := raw.decode("cp1251", "replace")) and not re.search(
        "[ЂЃЉЊЌЋЏђѓљњќћџ]", text
    ):  # a Mac's capitals
        read.append(text)
    text = raw.decode("cp1252", "replace")
    words = [word for word in re.findall(r"[^\W\d_]+", text) if not word.isascii()]
    if not ODD_SIGNS.search(text) and all(re.search("[A-Za-z]", word) for word in words):
        read.append(text)
    return read[0] if len(read) == 1 else None
