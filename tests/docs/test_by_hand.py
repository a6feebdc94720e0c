"""The numbers of docs/theory.md that are worked by hand, recomputed, in the order in which they stand there."""

import math
import re
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy
from torchaudio.functional import create_dct
from torchmetrics.functional import classification

from docs.figures.fourier import BY_HAND, slow_dft, turning_vectors
from docs.figures.spectrograms import mel
from genre_lightning.features.mel import LogMel
from genre_lightning.intervals import mcnemar
from genre_lightning.metrics import ScoredSongs, at_temperature, confusion, is_correct, song_metrics

DOCS = Path(__file__).parents[2] / "docs"
JAZZ = [0.1, 0.2, 0.3, 0.6, 0.8, 0.4]  # the probabilities of the six songs of section 7
GENRES = [0, 0, 0, 0, 1, 1]
ARTISTS = "AABCBC"


def worked(page: str, section: int) -> list[str]:
    """The numbers in each paragraph of a section that is worked by hand, in order, as Python writes them."""
    sections = re.split(r"^## ", (DOCS / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    paragraphs = [text for text in sections[section].split("\n\n") if text.startswith(("*By hand:*", "*Вручную:*"))]
    return [" ".join(re.findall(r"\d+(?:\.\d+)?", in_english(text, page))) for text in paragraphs]


def in_english(text: str, page: str) -> str:
    """A text with decimal points, and nothing between thousands."""
    if page.endswith(".ru.md"):
        return re.sub(r"(?<=\d),(?=\d)", ".", re.sub(r"(?<=\d)\u00a0(?=\d)", "", text.replace("{,}", ".")))
    return re.sub(r"(?<=\d),(?=\d{3})", "", text)


def aliases() -> list[str]:
    rate = LogMel().sample_rate
    return [f"10000 9000 9000 1 10000 {10000 - 9000} {rate} {rate} 2 {rate // 2}"]


def transforms() -> list[str]:
    bins, squares, turned = abs(slow_dft(BY_HAND, turning_vectors(8))), np.sum(BY_HAND**2), math.cos(math.pi / 4)
    assert bins[[0, 2, 4]] == pytest.approx(0, abs=1e-9)
    assert (2 * bins[1] ** 2 + 2 * bins[3] ** 2) / 8 == pytest.approx(squares)
    samples, one, three = " ".join(f"{abs(sample):.0f}" for sample in BY_HAND), f"{bins[1]:.2f}", f"{bins[3]:.2f}"
    by_hand = (
        f"{samples} 8 1 0 4 2 1 3 5 7 45 {turned:.4f} 1 4 4 {turned:.4f} {one} 3 3 4 4 {turned:.4f} {three} 0 2 4 0"
    )
    features = LogMel()
    n_fft, rate, hop = features.n_fft, features.sample_rate, features.hop_length
    frames = (
        f"{n_fft} {rate} {1000 * n_fft / rate:.1f} {rate / n_fft:.1f} {hop} {1000 * hop / rate:.1f} {rate / hop:.1f}"
    )
    slow, halvings = n_fft**2, round(math.log2(n_fft))
    fast = f"{n_fft} 2 {slow} 2 {n_fft} {halvings} {n_fft * halvings} {slow / (n_fft * halvings):.0f}"
    return [f"{by_hand} {squares:.0f} 2 {one} 2 {three} 8 {squares:.0f} 7 5 1 3", frames, fast]


def scales() -> list[str]:
    from librosa import hz_to_mel

    hz = np.array([440.0, 8000.0])
    slaney, htk = hz_to_mel(hz), hz_to_mel(hz, htk=True)
    assert np.allclose(mel(hz, "slaney"), slaney)
    assert np.allclose(mel(hz, "htk"), htk, rtol=1e-4)
    louder = 10 * math.log10(1000)
    decibels = f"1000 10 {math.log10(1000):.0f} {louder:.0f} 10 {0.5**2:g} {-10 * math.log10(0.5**2):.2f}"
    return [decibels, f"440 {slaney[0]:.1f} {htk[0]:.1f} 8000 {slaney[1]:.1f} {htk[1]:.1f}"]


def coefficients() -> list[str]:
    bands = torch.tensor([4.0, 2, 0, -2])
    first, second, third, fourth = (bands @ create_dct(4, 4, "ortho")).tolist()
    assert first**2 + second**2 + third**2 + fourth**2 == pytest.approx(float(bands.square().sum()))
    outer, inner = f"{math.cos(math.pi / 8):.4f}", f"{math.cos(3 * math.pi / 8):.4f}"
    weighed = f"4 {outer} 2 {inner} 0 {inner} 2 {outer} {second:.2f}"
    shown = f"4 2 0 2 0 {math.sqrt(1 / 4)} 4 2 0 2 {first:.2f} 1 {math.sqrt(2 / 4):.4f} {weighed}"
    return [f"{shown} 2 {abs(third):.2f} 3 {fourth:.2f} {bands.square().sum():.0f}"]


def sizes() -> list[str]:
    features = LogMel()
    bands, bins, samples = features.n_mels, features.n_fft // 2 + 1, 5 * features.sample_rate
    frames = len(features(torch.zeros(samples)))
    return [f"{bands} {bins} {bins / bands:.1f} {features.frames_per_second:.1f} {frames} {frames * bands} {samples}"]


def recurrent() -> list[str]:
    cell = torch.nn.LSTMCell(1, 1)  # whose input only makes the gates what they are said to be
    gates = torch.tensor([0.4, 0.9, 0.0, 0.8]).logit().nan_to_num(neginf=0.0)
    gates[2] = math.atanh(-0.5)  # input, forget, offer, output
    with torch.no_grad():
        for weight, value in zip(cell.parameters(), (0, 0, gates, 0), strict=True):
            weight.copy_(torch.as_tensor(value).reshape(-1, 1) if weight.ndim == 2 else torch.as_tensor(value))
        hidden, held = cell(torch.zeros(1, 1), (torch.zeros(1, 1), torch.full((1, 1), 0.5)))
    step = f"0.5 0.4 0.9 0.8 0.5 0.9 0.5 0.4 0.5 {float(held):.2f} 0.8 {float(held):.2f} {float(hidden):.2f}"
    fields, terms = [1], []
    for apart in (1, 2, 4, 8):
        fields.append(fields[-1] + 2 * apart + apart)
        terms.append(f"{fields[-2]} 2 {apart} 1 {apart} {fields[-1]}")
    return [step, " ".join(terms)]


def scored_songs() -> ScoredSongs:
    jazz = torch.tensor(JAZZ)
    return ScoredSongs(torch.arange(6), torch.stack([1 - jazz, jazz], dim=1).log(), torch.tensor(GENRES))


def reports() -> list[str]:
    return [counted(), ordered(), sure(), calibrated(), drawn(), tossed()]


def counted() -> str:
    scored = scored_songs()
    figures, right = song_metrics(scored), is_correct(scored)
    (rock, called_jazz), (called_rock, jazz) = confusion(scored).tolist()
    f1 = classification.multiclass_f1_score(scored.logits.argmax(dim=1), scored.genre, 2, average="none").tolist()
    accuracy = f"{1 + int(right.int().argmin())} 6 {right.sum()} 6 {100 * figures['accuracy']:.1f}"
    of_rock = f"{rock} {rock + called_rock} {rock} {rock + called_jazz} 1 {f1[0]:.2f}"
    of_jazz = f"{jazz} {jazz + called_jazz} {jazz} {jazz + called_rock} {f1[1]:.2f}"
    return f"{accuracy} {of_rock} {of_jazz} 1 {figures['f1_macro']:.3f}"


def ordered() -> str:
    rocks, jazzes = JAZZ[:4], JAZZ[4:]
    beaten = [sum(jazz > rock for rock in rocks) for jazz in jazzes]
    pairs, auroc = len(rocks) * len(jazzes), song_metrics(scored_songs())["auroc_macro"]
    return f"{len(jazzes)} {len(rocks)} {pairs} 5 {beaten[0]} 6 {beaten[1]} {sum(beaten)} {pairs} {auroc:.3f}"


def sure() -> str:
    scored = scored_songs()
    true = [f"{1 - jazz if genre == 0 else jazz:.1f}" for jazz, genre in zip(JAZZ, GENRES, strict=True)]
    smoothed = float(cross_entropy(scored.logits[:1], scored.genre[:1], label_smoothing=0.1))
    targets = f"{1 - 0.1 + 0.1 / 2:.2f} {0.1 / 2:.2f}"
    loss = song_metrics(scored)["loss"]
    return f"{' '.join(true)} 6 {loss:.3f} 0.1 1 {targets} 0.95 0.9 0.05 0.1 {smoothed:.3f}"


def calibrated() -> str:
    scored = scored_songs()
    sureness = [f"{float(one):.1f}" for one in scored.probabilities.amax(dim=1)]
    assert [sure for sure, right in zip(sureness, is_correct(scored), strict=True) if not right] == ["0.6", "0.6"]
    error = song_metrics(scored)["calibration_error"]
    two = ScoredSongs(torch.arange(1), torch.tensor([[2.0, 0.0]]), torch.zeros(1, dtype=torch.long))
    cold, warm = (100 * float(at_temperature(two, temperature).probabilities[0, 0]) for temperature in (1, 2))
    off = " ".join(f"{sure} {1 - sure:.1f}" for sure in (0.9, 0.8, 0.7)) + " 0.6 0.6"  # of which no song is right
    return f"{' '.join(sureness)} {off} {6 * error:.1f} 6 {error:.3f} 2 0 {cold:.0f} 2 {warm:.0f}"


def drawn() -> str:
    right = is_correct(scored_songs()).numpy()
    artists = [[bool(good) for good, name in zip(right, ARTISTS, strict=True) if name == who] for who in "ABC"]
    assert artists == [[True] * 2, [True] * 2, [False] * 2]
    draws = Counter(round(float(np.mean(draw)), 2) for draw in product(map(np.mean, artists), repeat=3))
    told = " ".join(f"{draws[share]} {draws.total()} {share:g}" for share in (0.33, 0.67, 1.0))
    accuracy = right.mean()
    spread = " ".join(f"{math.sqrt(accuracy * (1 - accuracy) / count):.2f} {count}" for count in (3, 6))
    assert np.std([np.mean(draw) for draw in product(map(np.mean, artists), repeat=3)]) == pytest.approx(
        0.272, abs=0.001
    )
    worth = 6 / (1 + 1 * (2 - 1))
    return f"2 2 0 2 {draws[0.0]} {draws.total()} 0 {told} 1 2 3 {spread} 1 6 1 1 1 {worth:.0f}"


def tossed() -> str:
    only_a = np.array([True] * 8 + [False] * 2)
    ways = [math.comb(10, number) for number in range(3)]
    chance = mcnemar(only_a, ~only_a)
    assert chance == pytest.approx(2 * sum(ways) / 2**10)
    return f"8 2 10 0 1 2 {ways[0]} {ways[1]} {ways[2]} {2**10} 2 {sum(ways)} {2**10} {chance:.3f}"


WORKED = {
    1: aliases, 2: transforms, 3: scales, 4: coefficients, 5: sizes, 6: recurrent, 7: reports,
}  # fmt: skip


@pytest.mark.parametrize("page", ["theory.md", "theory.ru.md"])
@pytest.mark.parametrize("section", WORKED)
def test_what_is_worked_by_hand_is_what_the_code_computes(page: str, section: int) -> None:
    assert worked(page, section) == WORKED[section]()


@pytest.mark.parametrize("page", ["theory.md", "theory.ru.md"])
def test_a_model_that_says_rock_always_is_what_the_answer_says(page: str) -> None:
    genre = torch.tensor([0] * 90 + [1] * 10)
    scored = ScoredSongs(torch.arange(100), torch.tensor([[0.9, 0.1]]).log().repeat(100, 1), genre)
    figures = song_metrics(scored)
    f1 = classification.multiclass_f1_score(scored.logits.argmax(dim=1), genre, 2, average="none")
    text = in_english((DOCS / page).read_text(encoding="utf-8"), page)
    answer = text[text.index(f"{f1[0]:.3f}") :][:200]
    assert f"{figures['f1_macro']:.3f}" in answer
    assert f"{figures['auroc_macro']:.1f}" in answer
