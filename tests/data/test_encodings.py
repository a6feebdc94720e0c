import pytest

from genre_lightning.data.encodings import decoded, of_one_meaning, recovered

NAMES = ["Волна", "ЗИМА", "Река-2", "DJ Снег", "«Тень»", "Большая ёлка"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1251", "koi8-r", "cp866"])
def test_cyrillic_is_read_in_any_encoding_even_taken_for_latin_1(name, encoding):
    try:
        raw = name.encode(encoding)
    except UnicodeEncodeError:
        pytest.skip("has no such signs")
    assert decoded(raw) == recovered(raw.decode("latin-1")) == name


@pytest.mark.parametrize("name", ["Björk Å", "Ø", "Motörhead — live", "Été à Paris", "Mötley Crüe", "Çe", "Ñandú 3"])
def test_latin_letters_stay_what_they_are(name):
    assert decoded(name.encode("cp1252")) == recovered(name) == name


def test_sixteen_names_stay_sixteen():
    letters = "абвгдежзиклмнопр"
    names = [f"{letter.upper()}{letter}ыня" for letter in letters]
    assert len({decoded(name.encode("cp1251")) for name in names}) == 16


@pytest.mark.parametrize(("text", "encoding"), [("path\n1 песнь.mp3,рок\n", "cp1251"), ("Füße.mp3,Café", "cp1252")])
def test_a_table_has_one_meaning_if_its_words_are_of_one_script(text, encoding):
    assert of_one_meaning(text.encode(encoding)) == text


@pytest.mark.parametrize(
    "raw",
    [
        "Песня.mp3,Café".encode("cp1251", "ignore") + "é é".encode("cp1252"),
        "Ø.mp3".encode("cp1252"),
        "Песня.mp3\n".encode() + b"caf\xe9.mp3",
    ],
)
def test_a_table_of_several_meanings_or_none_is_not_guessed_at(raw):
    assert of_one_meaning(raw) is None


CAPITALS = ["\u0427\u0430\u0439\u0424", "\u041b\u042e\u0411\u042d", "\u0411\u0413", "\u0413.\u041e."]


@pytest.mark.parametrize("name", CAPITALS)
def test_names_with_capitals_of_their_own_are_read_from_windows_encoding(name):
    assert decoded(name.encode("cp1251")) == name
