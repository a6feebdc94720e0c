import pytest

from genre_lightning.pretrained.card import licence


@pytest.mark.parametrize(
    ("card", "told"),
    [
        ("license: bsd-3-clause", "bsd-3-clause"),
        ("license: cc-by-nc-4.0", "cc-by-nc-4.0: not for commercial use"),
        ("license: [apache-2.0, mit]", "apache-2.0, mit"),
        ("license: other\nlicense_name: research-only", "research-only: not for commercial use"),
        ("license: other", "other"),
        ("license: sync-1.0", "sync-1.0"),
        ("license: '\x1b[2J'", "unknown: its card names none"),  # no YAML
        ("tags: [music]", "unknown: its card names none"),
        ("a: &a [x]\nlicense: *a", "x"),
        ("license: {a: 1}\nx: [", "unknown: its card names none"),
    ],
)
def test_the_card_says_the_licence_and_whether_commerce_is_excluded(tmp_path, card, told):
    (tmp_path / "README.md").write_text(f"---\n{card}\n---\n\n# Net\n", encoding="utf-8")
    assert licence(tmp_path) == told


def test_a_card_may_have_no_text(tmp_path):
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---", encoding="utf-8")
    assert licence(tmp_path) == "mit"


def test_no_card_is_no_licence(tmp_path):
    assert licence(tmp_path) == "unknown: its card names none"
    (tmp_path / "README.md").write_text("# Net\n---\nlicense: mit\n---\n", encoding="utf-8")
    assert licence(tmp_path) == "unknown: its card names none"
