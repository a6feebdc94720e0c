import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from genre_lightning.data.extraction import extract
from genre_lightning.embed.embeddings import read_embeddings
from genre_lightning.embed.words import HEARD, read_heard, songs_like, unit, write_heard
from genre_lightning.errors import UserError
from genre_lightning.features.pretrained import Pretrained
from genre_lightning.runs.run import Run

transformers = pytest.importorskip("transformers")
from hubs import set_in  # noqa: E402 (it needs transformers)


@pytest.fixture(scope="module")
def clap(networks, tmp_path_factory):
    """A CLAP with a list of a few words."""
    folder = Path(shutil.copytree(networks["clap"], tmp_path_factory.mktemp("nets") / "clap"))
    words = {word: number for number, word in enumerate(["<s>", "<pad>", "</s>", "<unk>", "slow", "sad", "piano"])}
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    tokenizer.enable_padding(length=30)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def by_hand(clap, ids):
    """What the library itself makes of the numbers of tokens."""
    model = transformers.ClapModel.from_pretrained(clap).eval()
    with torch.inference_mode():
        given = torch.tensor([ids])
        return model.get_text_features(given, attention_mask=torch.ones_like(given)).pooler_output[0]


def test_words_are_read_as_the_library_reads_them(clap):
    (encoder,) = Pretrained([str(clap)]).encoders_made()
    torch.testing.assert_close(encoder.of_words("slow sad piano"), by_hand(clap, [0, 4, 5, 6, 2]))
    assert float(encoder.of_words("sad " * 500).norm()) == pytest.approx(1, abs=1e-5)
    with pytest.raises(UserError, match="--text: says nothing"):
        encoder.of_words(" ")


def test_a_clap_that_has_no_words_says_so(networks, tmp_path):
    (encoder,) = Pretrained([shutil.copytree(networks["clap"], str(tmp_path / "clap"))]).encoders_made()
    with pytest.raises(UserError, match=r"clap cannot read: it has no tokenizer\.json"):
        encoder.of_words("piano")
    (tmp_path / "clap" / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match=r"the network in .*clap cannot be used: "):
        encoder.of_words("piano")


@pytest.fixture
def mapped(embedded, clap, tmp_path):
    """An embedded run, for which two CLAPs have heard the songs; and what they have heard."""
    folder, other = Path(shutil.copytree(embedded, tmp_path / "run")), Path(shutil.copytree(clap, tmp_path / "clap"))
    set_in(other, "preprocessor_config.json", top_db=80)  # or they would be the same
    digests, names = read_embeddings(folder).digests, np.array([str(clap), str(other)])
    rng = np.random.default_rng(0)
    vectors = unit(rng.standard_normal((len(digests), 2, 24), dtype=np.float32)).reshape(-1, 48)
    np.savez(folder / HEARD, digests=digests, names=names, vectors=vectors)
    return folder, vectors


def test_songs_are_found_by_the_mean_cosine_of_all_claps_whatever_else_the_run_hears(mapped, clap):
    folder, vectors = mapped
    embeddings, (encoder,) = read_embeddings(folder), Pretrained([str(clap)]).encoders_made()
    expected = vectors.reshape(-1, 2, 24) @ encoder.of_words("slow piano").numpy()
    answer = songs_like(folder, "slow piano", 3, artists=False, trust=False)
    best = [embeddings.tracks.tracks[row].path for row in np.argsort(-expected.mean(axis=1))[:3]]
    assert [track.path for track in answer.tracks] == best
    assert re.match("Nearest to the words 'slow piano', as read by clap@.{7} and clap@.{7}\n", answer.told)
    assert f"{max(expected.mean(axis=1)):.3f}" in answer.told
    assert "artist" in songs_like(folder, "slow piano", 3, artists=True, trust=False).told


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_weights")
def test_embedding_writes_what_claps_hear_and_names_them(clap, networks, train_run, map_run, tmp_path):
    other = Path(shutil.copytree(networks["clap"], tmp_path / "other"))
    set_in(other, "preprocessor_config.json", top_db=80)  # or they would be the same
    run = train_run("model=pretrained", f"features.encoders=[efficientat,'{clap.as_posix()}','{other.as_posix()}']")
    map_run(run)
    embeddings = read_embeddings(run)
    claps, vectors = read_heard(run, embeddings.digests)
    assert [one.called for one in claps] == ["clap", "other"]
    spec, path = Run(run).spec, embeddings.tracks.tracks[0].path
    heard = extract(path, spec.features, "float32", spec.loudness, spec.lengths).frames[:, 384:].mean(axis=0)
    np.testing.assert_allclose(vectors[0], unit(heard.reshape(2, 24)).ravel(), atol=1e-3)
    with pytest.raises(UserError, match=r"other cannot read: it has no tokenizer\.json"):
        songs_like(run, "piano", 3, artists=False, trust=False)


def test_elsewhere_it_is_said_why_not(embedded):
    with pytest.raises(UserError, match="--text: only CLAP knows words, and this run hears with LogMel; train one"):
        songs_like(embedded, "slow piano", 3, artists=False, trust=False)


def test_what_other_features_wrote_before_is_gone(selected, tmp_path):
    _, cache = selected
    (tmp_path / HEARD).write_text("old")
    write_heard(cache, [], tmp_path)
    assert not (tmp_path / HEARD).exists()


def test_what_was_written_of_other_songs_or_by_another_program_is_told_of(mapped):
    folder, vectors = mapped
    with np.load(folder / HEARD) as kept:
        whole = dict(kept)
    for wrong, line in (
        ({"digests": whole["digests"][::-1]}, "is of other songs"),
        ({"vectors": vectors[:1]}, "is of other songs"),
        ({"vectors": vectors.astype(np.float64)}, "was not written by"),
        ({"vectors": vectors[:, :3]}, "was not written by"),
        ({"names": np.array([3])}, "was not written by"),
        ({"names": whole["names"][:1]}, "was not written by"),
        ({"names": np.array(["efficientat", "nothing"])}, "was not written by"),
    ):
        np.savez(folder / HEARD, **whole | wrong)
        with pytest.raises(UserError, match=line):
            songs_like(folder, "piano", 3, artists=False, trust=False)
