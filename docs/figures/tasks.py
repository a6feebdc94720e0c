"""Section 8 of the theory: what other tasks sound like, and when a run hears a voice in a minute of radio."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from docs.figures.drawing import SAMPLE_RATE, draw_mel, name_colours, panels
from docs.tasks.birds import SECONDS, SPECIES, Bird
from docs.tasks.broadcast import broadcast
from docs.tasks.recording import Place
from docs.tasks.voice import Speaker
from genre_lightning.audio.recording import Waveform
from genre_lightning.features.mel import LogMel
from genre_lightning.plotting import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# What a run heard: python -m docs.tasks broadcast docs/figures --run RUN, and broadcast.flac removed.
HEARD = Path(__file__).with_name("broadcast.csv")
SHOWN_SECONDS = 2.5


def draw_tasks() -> "Figure":
    """Mel spectrograms of four birds, and of a place with and without somebody who talks."""
    sounds = {species: sung(species) for species in SPECIES if species != "fluter"}
    sounds |= {"noise": spoken(talks=False), "a voice above noise": spoken(talks=True)}
    figure, axes = panels(2, 3)
    for panel, (name, waveform) in zip(axes, sounds.items(), strict=True):
        draw_heard(panel, waveform[: round(SHOWN_SECONDS * SAMPLE_RATE)])
        panel.set_title(name)
    for panel in (*axes[1:3], *axes[4:]):
        panel.set_ylabel("")
    name_colours(axes)
    return figure


def sung(species: str) -> Waveform:
    """A bird of a species, recorded in its place."""
    rng = np.random.default_rng(1)
    bird = Bird(species, rng)
    return bird.place.record(bird.sing(SECONDS, rng), rng, 15)


def spoken(talks: bool) -> Waveform:
    """A place, and a speaker in it if one `talks`."""
    rng = np.random.default_rng(3)
    speaker, place = Speaker(rng), Place(rng)
    noise = place.noise(round(SECONDS * SAMPLE_RATE), rng)
    return place.record(speaker.talk(SECONDS, rng), rng, 10, noise) if talks else place.heard(noise, rng)


def draw_broadcast() -> "Figure":
    """A minute as a mel spectrogram, what it is, and the probability that a run gives a voice in each second."""
    waveform, _ = broadcast(0)
    with HEARD.open(newline="", encoding="utf-8") as file:
        seconds = list(csv.DictReader(file))
    figure, (above, below) = panels(2, 1, height=3.6)
    draw_heard(above, waveform)
    above.set_xlabel("")
    name_colours([above])
    edges = np.arange(len(seconds) + 1)
    true = np.array([second["is"] == "voice" for second in seconds], float)
    below.stairs(true, edges, fill=True, color="0.85", label="somebody talks")
    below.stairs(
        [float(second["voice"]) for second in seconds], edges, color=COLOURS[1], label="probability of a voice"
    )
    below.set(xlim=(0, len(seconds)), ylim=(0, 1.05), xlabel="seconds", ylabel="probability")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def draw_heard(axes: "Axes", waveform: Waveform) -> None:
    """The mel spectrogram of a sound, as networks get it."""
    draw_mel(axes, LogMel()(torch.tensor(waveform, dtype=torch.float32)).numpy(), len(waveform) / SAMPLE_RATE)


PICTURES: dict[str, Callable[[], "Figure"]] = {"tasks": draw_tasks, "broadcast": draw_broadcast}
SOUNDS: dict[str, Callable[[], tuple[Waveform, int]]] = {
    **{species: lambda species=species: (sung(species), SAMPLE_RATE) for species in SPECIES},
    "voice": lambda: (spoken(talks=True), SAMPLE_RATE),
}
