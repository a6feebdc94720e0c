import numpy as np
import pytest

from genre_lightning.data.engine import Dask
from genre_lightning.data.index import shards_in
from genre_lightning.embed import parts
from genre_lightning.embed.embedder import embed_songs, predicting_trainer
from genre_lightning.embed.parts import PARTS, embed_by_parts, forget_parts
from genre_lightning.errors import UserError
from genre_lightning.runs.run import Run

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture
def trainer():
    return predicting_trainer(accelerator="cpu", devices=1)


@pytest.fixture
def embedded(monkeypatch):
    """How many songs each part had that was embedded; parts are of four songs."""
    counts = []

    def embed(run, songs, trainer):
        counts.append(len(songs))
        return embed_songs(run, songs, trainer)

    monkeypatch.setattr(parts, "PART_SONGS", 4)
    monkeypatch.setattr(parts, "embed_songs", embed)
    return counts


def songs_of(run):
    return [run.cache.find(track.path) for track in run.catalogue][:10]


def same(means, others):
    return all(np.allclose(one, other, atol=1e-5) for one, other in zip(means, others, strict=True))


def test_parts_hold_together_what_all_songs_at_once_do(run, trainer, embedded, tmp_path):
    run = Run(run)
    assert same(embed_by_parts(run, songs_of(run), trainer, tmp_path), embed_songs(run, songs_of(run), trainer))
    assert embedded == [4, 4, 2]


def test_few_songs_leave_no_parts(run, trainer, embedded, tmp_path):
    run = Run(run)
    embed_by_parts(run, songs_of(run)[:3], trainer, tmp_path)
    assert embedded == [3] and not [*tmp_path.iterdir()]


def test_what_was_stopped_goes_on_after_the_last_part(run, trainer, embedded, tmp_path, monkeypatch):
    run = Run(run)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        written = []
        write = parts.write_part

        def stop(*part):
            if written:
                raise KeyboardInterrupt
            written.append(part)
            write(*part)

        patch.setattr(parts, "write_part", stop)
        embed_by_parts(run, songs_of(run), trainer, tmp_path)
    embedded.clear()
    assert same(embed_by_parts(run, songs_of(run), trainer, tmp_path), embed_songs(run, songs_of(run), trainer))
    assert embedded == [4, 2]
    forget_parts(tmp_path)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("damage", [b"", b"no array", None])
def test_a_damaged_part_is_embedded_again(run, trainer, embedded, tmp_path, damage):
    run = Run(run)
    embed_by_parts(run, songs_of(run), trainer, tmp_path)
    path = sorted((tmp_path / PARTS).iterdir())[0]
    if damage is None:
        arrays = dict(np.load(path))
        np.savez(path, **arrays | {"vectors": np.full_like(arrays["vectors"], np.nan)})
    else:
        path.write_bytes(damage)
    embedded.clear()
    assert same(embed_by_parts(run, songs_of(run), trainer, tmp_path), embed_songs(run, songs_of(run), trainer))
    assert len(embedded) == 1


def test_songs_that_come_and_go_leave_the_parts_of_others_as_they_are(run, trainer, embedded, tmp_path):
    run = Run(run)
    embed_by_parts(run, songs_of(run)[1:], trainer, tmp_path)
    embedded.clear()
    others = [*songs_of(run)[:5], *songs_of(run)[6:]]
    assert same(embed_by_parts(run, others, trainer, tmp_path), embed_songs(run, others, trainer))
    assert embedded == [1]


def test_a_cluster_embeds_as_this_process_does_whatever_it_numbers_songs(
    run, trainer, tmp_path, monkeypatch, threads_as_cluster
):
    here = Run(run, tmp_path / "cache")
    here.cache.shard_bytes = 1  # each song is in a shard of its own
    here.cache.build([track.path for track in here.catalogue][:10])
    expected = embed_songs(here, songs_of(here), trainer)
    there = Run(run, tmp_path / "cache", Dask(threads_as_cluster))
    monkeypatch.setattr(parts, "predicting_trainer", lambda **_: trainer)
    monkeypatch.setattr("genre_lightning.data.stored.shards_in", lambda folder: shards_in(folder)[::-1])
    assert same(embed_by_parts(there, songs_of(there), trainer, tmp_path), expected)


def test_a_worker_without_the_cache_is_told_of(run, tmp_path, trainer, monkeypatch):
    monkeypatch.setattr(parts, "predicting_trainer", lambda **_: trainer)
    with pytest.raises(UserError, match=r"engine: a worker lacks songs in .*; all need one disk there: cache\.root"):
        parts.embed_part((run, str(tmp_path), False, "a model"), [songs_of(Run(run))[0].digest])
