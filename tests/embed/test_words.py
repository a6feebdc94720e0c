import numpy as np
import pytest
import torch

from genre_lightning.embed.embeddings import read_embeddings
from genre_lightning.embed.words import HEARD, read_heard, songs_like, write_heard
from genre_lightning.errors import UserError
from genre_lightning.features.pretrained import Pretrained

transformers = pytest.importorskip("transformers")
from hubs import save  # noqa: E402 (it needs transformers)


@pytest.fixture(scope="module")
def clap(tmp_path_factory):
    """A CLAP with a list of a few words."""
    folder = save("clap", tmp_path_factory.mktemp("nets") / "clap")
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


def test_a_clap_that_has_no_words_says_so(clap, tmp_path):
    (encoder,) = Pretrained([str(save("clap", tmp_path / "clap"))]).encoders_made()
    with pytest.raises(UserError, match=r"clap cannot read: it has no tokenizer\.json"):
        encoder.of_words("piano")
    (tmp_path / "clap" / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match=r"the network in .*clap cannot be used: "):
        encoder.of_words("piano")


@pytest.mark.slow
@pytest.mark.usefixtures("encoder_weights")
def test_songs_are_found_by_words_whatever_else_the_run_hears(clap, train_run, map_run):
    run = train_run("model=pretrained", f"features.encoders=[efficientat,'{clap.as_posix()}']")
    map_run(run)
    embeddings, (encoder,) = read_embeddings(run), Pretrained([str(clap)]).encoders_made()
    with np.load(run / HEARD) as kept:
        vectors = kept["vectors"] / np.linalg.norm(kept["vectors"], axis=1, keepdims=True)
    expected = vectors @ encoder.of_words("slow piano").numpy()
    answer = songs_like(run, "slow piano", 3, artists=False, trust=False)
    best = [embeddings.tracks.tracks[row].path for row in np.argsort(-expected)[:3]]
    assert [track.path for track in answer.tracks] == best
    assert answer.told.startswith("Nearest to the words 'slow piano', as clap reads them")
    assert f"{max(expected):.3f}" in answer.told
    assert "artist" in songs_like(run, "slow piano", 3, artists=True, trust=False).told


def test_elsewhere_it_is_said_why_not(embedded):
    with pytest.raises(UserError, match="--text: only CLAP knows words, and this run hears with LogMel; train one"):
        songs_like(embedded, "slow piano", 3, artists=False, trust=False)


def test_what_other_features_wrote_before_is_gone(selected, tmp_path):
    _, cache = selected
    (tmp_path / HEARD).write_text("old")
    write_heard(cache, [], tmp_path)
    assert not (tmp_path / HEARD).exists()


def test_what_was_written_of_other_songs_or_by_another_program_is_told_of(tmp_path):
    digests = np.array(["a", "b"])
    with pytest.raises(UserError, match=r"there is no .*clap\.npz; run embed\.py again"):
        read_heard(tmp_path, digests, 3)
    for vectors, line in ((np.ones((2, 3), np.float32), "is of other songs"), (np.ones((1, 3)), "was not written by")):
        np.savez(tmp_path / HEARD, digests=digests[::-1], vectors=vectors)
        with pytest.raises(UserError, match=line):
            read_heard(tmp_path, digests, 3)
