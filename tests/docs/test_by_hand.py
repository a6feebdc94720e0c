"""The numbers of docs/theory.md that are worked by hand, recomputed: all that stand there, and none besides."""

import math
import re
from collections.abc import Iterable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from librosa import hz_to_mel
from torch.nn.functional import cross_entropy
from torchaudio.functional import create_dct

from docs.figures.fourier import BY_HAND, slow_dft, turning_vectors
from docs.figures.spectrograms import mel
from genre_lightning.features.mel import LogMel
from genre_lightning.intervals import mcnemar
from genre_lightning.metrics import ScoredSongs, at_temperature, song_metrics

DOCS = Path(__file__).parents[2] / "docs"
JAZZ = [0.1, 0.2, 0.3, 0.6, 0.8, 0.4]  # the probabilities of the six songs of section 7
GENRES = [0, 0, 0, 0, 1, 1]
ARTISTS = "AABCBC"


def numbers(text: str, page: str) -> set[str]:
    """The numbers of a text as Python writes them."""
    if page.endswith(".ru.md"):
        text = re.sub(r"(?<=\d),(?=\d)", ".", text.replace("\u00a0", "").replace("{,}", "."))
    return set(re.findall(r"\d+(?:\.\d+)?", re.sub(r"(?<=\d),(?=\d{3})", "", text)))


def worked(page: str, section: int) -> set[str]:
    """The numbers in the paragraphs of a section that are worked by hand."""
    sections = re.split(r"^## ", (DOCS / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    paragraphs = [text for text in sections[section].split("\n\n") if text.startswith(("*By hand:*", "*Вручную:*"))]
    return set().union(*(numbers(text, page) for text in paragraphs))


def written(*values: float, digits: int = 2) -> set[str]:
    """Numbers as the text rounds them, without their signs."""
    return {f"{abs(value):.{digits}f}" for value in values}


def aliases() -> tuple[set[str], set[str]]:
    rate = LogMel().sample_rate
    return {"10000", "9000", "1", "22050", "2"}, written(abs(9000 - 10000), rate / 2, digits=0)


def transforms() -> tuple[set[str], set[str]]:
    bins, features = abs(slow_dft(BY_HAND, turning_vectors(8))), LogMel()
    assert bins[[0, 2, 4]] == pytest.approx(0, abs=1e-9)
    assert np.sum(bins**2) / 8 == pytest.approx(np.sum(BY_HAND**2))
    seconds, apart = features.n_fft / features.sample_rate, features.sample_rate / features.n_fft
    hop = features.hop_length / features.sample_rate
    found = written(bins[1], bins[3]) | written(math.cos(math.pi / 4), digits=4) | written(np.sum(BY_HAND**2), digits=0)
    found |= written(1000 * seconds, apart, 1000 * hop, features.frames_per_second, digits=1)
    slow, logarithm = 2048**2, math.log2(2048)
    found |= written(slow, logarithm, 2048 * logarithm, slow / (2048 * logarithm), digits=0)
    return {"0", "1", "2", "3", "4", "5", "7", "8", "2048", "22050", "512"}, found


def scales() -> tuple[set[str], set[str]]:
    hz = np.array([440.0, 8000.0])
    slaney, htk = hz_to_mel(hz), hz_to_mel(hz, htk=True)
    assert np.allclose(mel(hz, "slaney"), slaney)
    assert np.allclose(mel(hz, "htk"), htk, rtol=1e-4)
    decibels = written(10 * math.log10(1000), digits=0) | written(20 * math.log10(0.5))
    return {"1000", "10", "3", "0.25", "440", "8000"}, decibels | written(*slaney, *htk, digits=1)


def coefficients() -> tuple[set[str], set[str]]:
    bands = torch.tensor([4.0, 2, 0, -2])
    found = bands @ create_dct(4, 4, "ortho")
    assert float(found.square().sum()) == pytest.approx(24)
    cosines = written(math.cos(math.pi / 8), math.cos(3 * math.pi / 8), math.sqrt(0.5), digits=4)
    return {"0", "1", "2", "3", "4", "0.5", "24"}, cosines | written(*found.tolist())


def sizes() -> tuple[set[str], set[str]]:
    features = LogMel()
    frames = len(features(torch.zeros(5 * features.sample_rate)))
    assert features.n_mels == 64
    found = written(frames, frames * 64, 5 * features.sample_rate, digits=0)
    return {"64", "1025"}, found | written(1025 / 64, features.frames_per_second, digits=1)


def reports() -> tuple[set[str], set[str]]:
    jazz, genres = torch.tensor(JAZZ), torch.tensor(GENRES)
    scored = ScoredSongs(torch.arange(6), torch.stack([1 - jazz, jazz], dim=1).log(), genres)
    figures = song_metrics(scored)
    found = written(100 * figures["accuracy"], digits=1)
    found |= written(*(figures[name] for name in ("f1_macro", "auroc_macro", "loss", "calibration_error")), digits=3)
    found |= written(float(cross_entropy(scored.logits[:1], genres[:1], label_smoothing=0.1)), digits=3)
    found |= written(6 * figures["calibration_error"], digits=1)
    two = ScoredSongs(torch.arange(1), torch.tensor([[2.0, 0.0]]), torch.zeros(1, dtype=torch.long))
    found |= written(*(100 * float(at_temperature(two, t).probabilities[0, 0]) for t in (1, 2)), digits=0)
    right = np.array([True] * 8 + [False] * 2)
    found |= written(mcnemar(right, ~right), digits=3) | written(*drawn(scored))
    given = {str(number) for number in (*range(9), 10, 12, 27, 45, 1024)}
    return given | {"0.1", "0.2", "0.3", "0.4", "0.6", "0.7", "0.8", "0.9", "0.75", "0.50", "0.05", "0.95"}, found


def drawn(scored: ScoredSongs) -> Iterable[float]:
    """The accuracies of artists drawn with replacement, and the standard deviation by artists and by songs."""
    right = (scored.logits.argmax(dim=1) == scored.genre).numpy()
    artists = [np.mean([good for good, name in zip(right, ARTISTS, strict=True) if name == who]) for who in "ABC"]
    draws = [float(np.mean(draw)) for draw in product(artists, repeat=3)]
    assert sorted(draws.count(value) for value in set(draws)) == [1, 6, 8, 12]
    return *(value for value in set(draws) if 0 < value < 1), float(np.std(draws)), float(np.std(right)) / math.sqrt(6)


WORKED = {1: aliases, 2: transforms, 3: scales, 4: coefficients, 5: sizes, 7: reports}


@pytest.mark.parametrize("page", ["theory.md", "theory.ru.md"])
@pytest.mark.parametrize("section", WORKED)
def test_what_is_worked_by_hand_is_what_the_code_computes(page: str, section: int) -> None:
    given, found = WORKED[section]()
    shown = worked(page, section)
    assert found <= shown
    assert shown <= given | found
