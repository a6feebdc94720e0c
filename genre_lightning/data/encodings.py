"""Text whose encoding nobody has named, or has named wrongly: in tags, and in tables of spreadsheets."""

import re
from contextlib import suppress

CYRILLIC = (("cp1251", "koi8-r"), ("cp866",))  # the likelier ones first
FREQUENT = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё"  # letters of Russian, the most frequent first
# Signs that no name holds, and that the bytes of letters are in another encoding.
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
    for encodings in CYRILLIC:
        if read := [text for encoding in encodings if is_cyrillic(text := raw.decode(encoding, "replace"))]:
            return min(read, key=rareness)
    return raw.decode("cp1252" if re.search(rb"[\x80-\x9f]", raw) else "latin-1", "replace")


def is_cyrillic(text: str) -> bool:
    """Whether a text reads as names do in Cyrillic: no word mixes scripts, or has capitals behind small letters."""
    words = re.findall(r"[^\W\d_]+", text)
    cyrillic = [word for word in words if re.fullmatch("[\u0400-\u04ff]+", word)]
    plain = all(word.isascii() or word in cyrillic for word in words) and not ODD_SIGNS.search(text)
    return plain and any(len(word) > 1 for word in cyrillic) and all(map(reads_well, cyrillic))


def reads_well(word: str) -> bool:
    """Whether a word's capitals are where they are in names."""
    return word.islower() or word.isupper() or word[1:].islower()


def rareness(text: str) -> float:
    """How rare the letters of a text are, on average: a word in capitals reads as one in other encodings too."""
    places = [FREQUENT.find(sign) % 34 for sign in text.lower() if "\u0400" <= sign <= "\u04ff"]
    return sum(places) / len(places)


def of_one_meaning(raw: bytes) -> str | None:
    """The text of bytes that are no UTF-8, if it reads as text in one of Windows' encodings only; else None."""
    good = [letter for letter in raw.decode("utf-8", "ignore") if not letter.isascii()]
    if 4 * len(good) > sum(byte > 127 for byte in raw):  # UTF-8 with something else in it
        return None
    read = []
    if is_cyrillic(text := raw.decode("cp1251", "replace")):
        read.append(text)
    text = raw.decode("cp1252", "replace")
    words = [word for word in re.findall(r"[^\W\d_]+", text) if not word.isascii()]
    if not ODD_SIGNS.search(text) and all(re.search("[A-Za-z]", word) for word in words):
        read.append(text)
    return read[0] if len(read) == 1 else None
