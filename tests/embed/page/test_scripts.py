import re
from pathlib import Path

import pytest

import genre_lightning
from genre_lightning.embed.page import excerpts
from genre_lightning.embed.page.scripts import bundled, csp_hash

PACKAGE = Path(genre_lightning.__file__).parent


@pytest.fixture
def entry(tmp_path):
    """Two modules that import each other, and a third one that both need."""
    (tmp_path / "parts").mkdir()
    modules = {
        "page.mjs": 'import { Part } from "./parts/part.mjs";\nimport { one } from "./one.mjs";\n\nnew Part(one);\n',
        "parts/part.mjs": 'import {\n  one,\n  two,\n} from "../one.mjs";\n\nexport class Part {}\nconst three = 3;\n',
        "one.mjs": 'import { Part } from "./parts/part.mjs";\nexport const one = 1;\nexport async function two() {}\n',
    }
    for name, text in modules.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / "page.mjs"


def test_modules_become_one_script_in_which_each_comes_once_and_after_what_it_needs(entry):
    lines = [line for line in bundled(entry).splitlines() if line]
    one, part = ["const one = 1;", "async function two() {}"], ["class Part {}", "const three = 3;"]
    assert lines == [*one, *part, "new Part(one);"]


def test_a_module_that_is_not_there_is_an_error(entry):
    entry.write_text('import { gone } from "./gone.mjs";\n', encoding="utf-8")
    with pytest.raises(FileNotFoundError, match=r"gone\.mjs"):
        bundled(entry)


def test_the_hash_is_the_one_that_browsers_compute():
    """This one was computed by `openssl dgst -sha256 -binary | base64`."""
    assert csp_hash("alert(1)") == "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"


def test_what_a_module_gives_away_is_used_elsewhere():
    """If only by a test."""
    modules = (path for folder in (PACKAGE, Path(__file__).parents[2]) for path in folder.rglob("*.mjs"))
    texts = {path: path.read_text(encoding="utf-8") for path in modules}
    for path, text in texts.items():
        others = "\n".join(other for name, other in texts.items() if name != path)
        for name in re.findall(r"^export (?:async )?(?:class|function|const) (\w+)", text, re.MULTILINE):
            assert re.search(rf"\b{name}\b", others), f"{path.name}: nobody else uses {name}"


@pytest.mark.parametrize("entry", ["embed/page/map.mjs", "labels/page/audit.mjs"])
def test_no_two_modules_of_a_page_have_a_name_in_common(entry):
    script = bundled(PACKAGE / entry)
    names = re.findall(r"^(?:async )?(?:class|function\*?|const|let) (\w+)", script, re.MULTILINE)
    several = re.findall(r"^const [\[{]([^\]}]*)[\]}] =", script, re.MULTILINE)
    names += [name.strip() for listed in several for name in listed.split(",")]
    assert len(names) > 20 and [name for name in set(names) if names.count(name) > 1] == []


def test_the_page_and_what_cuts_its_excerpts_agree_on_their_lengths():
    voice = (PACKAGE / "embed" / "page" / "listening" / "voice.mjs").read_text(encoding="utf-8")
    seconds = dict(re.findall(r"const (\w+)_SECONDS = ([\d.]+);", voice))
    assert (float(seconds["EXCERPT"]), float(seconds["EDGE"])) == (excerpts.EXCERPT_SECONDS, excerpts.FADE_SECONDS)
