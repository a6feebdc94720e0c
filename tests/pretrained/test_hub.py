import pytest

from genre_lightning.errors import UserError
from genre_lightning.pretrained import fetching
from genre_lightning.pretrained.hub import Name, missing, pinned, read_name, settings_in, weights_of


@pytest.mark.parametrize(
    ("text", "place", "layer", "revision"),
    [
        ("MIT/ast-10-10-0.4593", "MIT/ast-10-10-0.4593", None, ""),
        ("a/b:6", "a/b", 6, ""),
        ("a/b@refs/pr/18", "a/b", None, "refs/pr/18"),
        (f"a/b:6@{'0' * 40}", "a/b", 6, "0" * 40),
    ],
)
def test_names_of_a_hub_have_a_layer_and_a_revision_where_they_are_named(text, place, layer, revision):
    name = read_name(text)
    assert name == Name(place, layer, revision, is_folder=False) and name.text == text
    assert name.called == place + (f":{layer}" if layer else "")


@pytest.mark.parametrize("text", ["", "musicnn", "/nowhere/net", "a/b/c", "../x", "a/", "a/b@", "a/\x1b", "a\0/b"])
def test_anything_else_is_no_name_unless_it_is_a_folder(text):
    assert read_name(text) is None


def test_a_folder_goes_before_a_name_of_the_hub_but_for_a_commit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my nets: old@x" / "a").mkdir(parents=True)
    (tmp_path / "a" / "b").mkdir(parents=True)
    for text, folder in (("a/b", "a/b"), ("my nets: old@x/a", "my nets: old@x/a"), ("a", "a")):
        name = read_name(text)
        assert name.is_folder and name.place == (tmp_path / folder).as_posix()
        assert name.called == folder.rpartition("/")[2]
    assert read_name("a/b:3@0123456789abcdef") == Name((tmp_path / "a/b").as_posix(), 3, "0123456789abcdef", True)
    assert not read_name(f"a/b@{'0' * 40}").is_folder


def test_a_folder_is_pinned_by_what_lies_in_it(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    first = pinned(read_name(str(tmp_path)))
    (tmp_path / "notes.txt").write_text("mine")
    assert pinned(first) == first and len(first.revision) == 16
    (tmp_path / "model.safetensors").write_text("x")
    assert pinned(read_name(str(tmp_path))).revision != first.revision
    with pytest.raises(UserError, match="does not hold the network any more that this was made with"):
        pinned(first)


@pytest.fixture
def moved(tmp_path, monkeypatch):
    """A network as a run names it, whose folder has moved into another one since, which is the one that we are in."""
    before, now = tmp_path / "before" / "net", tmp_path / "now"
    before.mkdir(parents=True), now.mkdir()
    (before / "config.json").write_text("{}")
    name = pinned(read_name(f"{before}:1"))
    before.rename(now / "net")
    monkeypatch.chdir(now)
    return name


def test_a_folder_that_has_moved_is_found_where_one_is_and_keeps_its_name(moved, tmp_path, monkeypatch):
    folder = tmp_path / "now" / "net"
    assert read_name(moved.text) == moved == pinned(moved), "so that what was computed with it is still of use"
    assert settings_in(moved) == settings_in(read_name(f"C:/nets/net@{moved.revision}")) == folder
    assert read_name(moved.place) is None and not read_name(f"a/net@{moved.revision}").is_folder
    (folder / "config.json").write_text("{ }")
    with pytest.raises(UserError, match="now/net does not hold the network any more that this was made with"):
        pinned(moved)
    monkeypatch.chdir(tmp_path)
    assert read_name(moved.text) is None
    assert "net is gone, with a network that this was made with; put it back, or into" in str(missing(moved.text))


def test_of_two_folders_called_the_same_that_have_moved_each_is_found_by_more_of_its_path(moved, tmp_path):
    other = tmp_path / "now" / "before" / "net"
    other.mkdir(parents=True)
    (other / "config.json").write_text("{ }")
    assert settings_in(moved) == other
    assert settings_in(read_name(moved.text.replace("before", "after"))) == tmp_path / "now" / "net"


def test_folders_without_a_network_and_weights_that_may_hide_code_are_refused(tmp_path):
    name = read_name(str(tmp_path))
    with pytest.raises(UserError, match=r"holds no network that is read here: it has no config\.json"):
        pinned(name)
    (tmp_path / "pytorch_model.bin").write_text("x")
    (tmp_path / "model-fp16.safetensors").write_text("x")
    with pytest.raises(UserError, match=r"has no weights as safetensors, and others \(\.bin, \.pt\) are not read"):
        weights_of(name)
    (tmp_path / "model-00001-of-00002.safetensors").write_text("x")
    assert [path.name for path in weights_of(name)] == ["model-00001-of-00002.safetensors"]
    (tmp_path / "model.safetensors").write_text("x")
    assert [path.name for path in weights_of(name)] == ["model.safetensors"]


def test_weights_that_fill_the_memory_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "MOST_BYTES", 3)
    (tmp_path / "model.safetensors").write_text("four")
    with pytest.raises(UserError, match="has more than 0 GB of weights, which are not read"):
        weights_of(read_name(str(tmp_path)))
