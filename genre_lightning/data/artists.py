"""Who made a song: the names in a text, and the coarser keys by which songs stay on one side of a split.

The rule, for a text such as a tag or a manifest holds:

1. A semicolon, a slash between spaces, `feat.`, `ft` and `featuring` separate several artists, always.
2. `&`, `+`, a comma, a slash between words, and words such as `and`, `x`, `vs`, `with` may stand between two artists or
   in the name of one. Such a text is shown and counted as one artist; for linking both readings count: `Simon &
   Garfunkel` stays with songs by `Garfunkel`. To link too much costs little, to link too little leaks.
3. These are one name only: `AC/DC` (two letters beside a slash are none), `Earth, Wind & Fire` (single words with
   commas, and an `&` before the last).
4. What stands for no artist (`Unknown Artist`, `Various Artists`, `nan`), in common languages, is none, and so is a
   text that could not be decoded.
"""
# ruff: noqa: RUF001 (names in many scripts)

import re
from functools import cache
from unicodedata import category, normalize

CERTAIN = re.compile(
    r";|\x00|\s/\s"
    # Little Feat and 6 Ft Under are bands
    r"|(?<!\blittle)(?<!^\d)[\s,(\[\u2013-]+(?:feat|ft|featuring)\b\.?\s*(?![\s&+,;)\].]|(?:and|feat|ft)\b|$)",
    re.IGNORECASE,
)
BETWEEN = r"and|with|vs\.?|versus|x|и|та|und|mit|et|avec|y|con|e"
POSSIBLE = re.compile(rf"(?<=\w{{3}})/(?=\w{{3}})|,(?!\s*the$)|\s*[&+]\s*|\s(?:{BETWEEN})\s", re.IGNORECASE)
ONE_NAME = re.compile(r"[^\W\d_]+(?:, ?[^\W\d_]+)+,? (?:&|and|и|und|et|y) [^\W\d_]+", re.IGNORECASE)
# What is left behind a guest's name in "Queen (feat. David Bowie) [Live]".
UNOPENED = re.compile(r"^([^(\[]*?)\s*[)\]].*")
UNDECODED = re.compile(r"\ufffd|^[\s?_.\u2013\u2014-]*$")
LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d"})
# Parts of names, behind an "and", that are nobody's own.
NOBODY = frozenset([
    "band", "choir", "chorus", "co", "company", "crew", "ensemble", "family", "friends", "guests", "herband", "hisband",
    "hisfriends", "herorchestra", "hisorchestra", "orchestra", "others", "quartet", "quintet", "sons", "strings",
    "trio", "amigos", "amis", "freunde", "группа", "др", "другие", "друзья", "оркестр", "хор",
])  # fmt: skip
NO_ARTIST_NAMES = """
    various | various artists | various artist | va | v a | assorted artists | multiple artists | compilation | unknown
    unknown artist | unknown artists | unknown performer | no artist | not available
    anonymous artist | untitled artist
    nan | none | null | n a | na | undefined | artist | artist unknown
    разные исполнители | разные | разные артисты | различные исполнители | сборник | сборная | неизвестный исполнитель
    неизвестный артист | неизвестный | неизвестен | исполнитель неизвестен | нет исполнителя | без исполнителя
    невідомий виконавець | різні виконавці | невядомы выканаўца | розныя выканаўцы | белгісіз орындаушы
    verschiedene interpreten | verschiedene künstler | verschiedene | diverse interpreten | diverse | diverse künstler
    unbekannter interpret | unbekannter künstler | unbekannt
    artistes divers | artistes variés | divers artistes | divers | artiste inconnu | interprète inconnu | inconnu
    varios artistas | varios intérpretes | varios | artista desconocido | intérprete desconocido | desconocido
    artisti vari | aa vv | aavv | autori vari | artista sconosciuto | sconosciuto
    vários artistas | vários intérpretes | vários | artista desconhecido | desconhecido
    różni wykonawcy | różni artyści | różni | nieznany wykonawca | nieznany artysta
    různí interpreti | různí umělci | neznámý interpret | neznámý umělec | rôzni interpreti | neznámy interpret
    diverse artiesten | verschillende artiesten | onbekende artiest | onbekend
    blandade artister | diverse artister | okänd artist | diverse kunstnere | ukendt kunstner | ukjent artist
    eri esittäjiä | tuntematon esittäjä | tuntematon artisti | válogatás | különböző előadók | ismeretlen előadó
    artiști diverși | artist necunoscut | çeşitli sanatçılar | bilinmeyen sanatçı | διάφοροι καλλιτέχνες
    άγνωστος καλλιτέχνης | אמנים שונים | אמן לא ידוע | فنانون متنوعون | فنان غير معروف | 群星 | 合輯 | 合辑 | 佚名
    未知艺术家 | 未知藝術家 | 未知歌手 | 未知艺人 | オムニバス | ヴァリアス アーティスト
    不明なアーティスト | アーティスト不明
    여러 아티스트 | 알 수 없는 아티스트 | 알 수 없는 음악가
    नामालूम कलाकार | ศิลปินหลากหลาย | nghệ sĩ không rõ | nhiều nghệ sĩ
"""


def artist_name(text: str) -> str:
    """One spelling for each artist, to count them: case, spaces and Unicode forms make no other artist."""
    return UNOPENED.sub(r"\1", " ".join(normalize("NFKC", text).casefold().split()))


def artist_key(text: str) -> str:
    """A coarser spelling, to link artists: without accents, signs, spaces and a The at an end, unless none is left."""
    name = artist_name(text)
    plain = re.sub("[\u0300-\u036f]", "", normalize("NFKD", name)).translate(LETTERS)
    plain = re.sub(r"^the\s+(?=\w)|,\s*the$", "", plain)
    return "".join(sign for sign in plain if sign.isalnum() or category(sign).startswith("M")) or name


NO_ARTIST = frozenset(artist_key(name) for name in re.split(r"[|\n]", NO_ARTIST_NAMES) if name.strip())


def is_no_artist(text: str) -> bool:
    """Whether a text stands for an artist who is not known, or for many at once, or could not be decoded."""
    return UNDECODED.search(text) is not None or artist_key(text) in NO_ARTIST


def split_artists(text: str) -> list[str]:
    """The artists of a text as they stand there, those that are certainly several apart."""
    return [name.strip() for name in CERTAIN.split(text) if not is_no_artist(name)]


@cache
def link_keys(text: str) -> frozenset[str]:
    """What songs share that must stay on one side: the keys of each artist of a text, and of parts of their names."""
    keys = set()
    for name in split_artists(text):
        parts = [name] if ONE_NAME.fullmatch(artist_name(name)) else [name, *POSSIBLE.split(name)]
        found = [artist_key(part) for part in parts if not is_no_artist(part)]
        keys |= {found[0], *(key for key in found if key not in NOBODY)}
    return frozenset(keys)
