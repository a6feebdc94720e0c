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


def test_a_folder_that_has_moved_is_found_by_its_name_where_one_is_and_keeps_its_own(tmp_path, monkeypatch):
    before, now = tmp_path / "before" / "net", tmp_path / "now"
    before.mkdir(parents=True)
    (before / "config.json").write_text("{}")
    name = pinned(read_name(f"{before}:1"))
    now.mkdir()
    before.rename(now / "net")
    assert read_name(name.text) is None
    assert "net is gone, with a network that this was made with; put it back, or into the" in str(missing(name.text))
    monkeypatch.chdir(now)
    assert read_name(name.text) == name == pinned(name), "so that what was computed with it is still of use"
    assert settings_in(name) == now / "net"
    (now / "before" / "net").mkdir(parents=True)
    (now / "before" / "net" / "config.json").write_text("{ }")  # another one, which no more of its path leads to
    assert settings_in(pinned(read_name(name.text.replace("before", "after")))) == now / "net"
    on_windows = f"C:/nets/net@{name.revision}"
    assert settings_in(pinned(read_name(on_windows))) == now / "net"
    assert read_name(f"{before}") is None and not read_name(f"a/net@{name.revision}").is_folder
    (now / "net" / "config.json").write_text("{ }")
    with pytest.raises(UserError, match="now/net does not hold the network any more that this was made with"):
        pinned(read_name(on_windows))


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
