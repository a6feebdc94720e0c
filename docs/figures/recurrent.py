"""Section 6 of the theory: an LSTM's gates while a song plays, and how its steps become one decision."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from docs.figures.drawing import draw_mel, name_colours, panels
from docs.figures.stored import Arrays, stored
from genre_lightning.audio.recording import Waveform
from genre_lightning.data.sources.demo import invent
from genre_lightning.demo.instruments import SAMPLE_RATE
from genre_lightning.demo.song import compose_song
from genre_lightning.features.mel import LogMel
from genre_lightning.models.lstm import Recurrent
from genre_lightning.plotting import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from genre_lightning.data.catalogue import Track
    from genre_lightning.models.base import GenreClassifier
    from genre_lightning.runs.run import Run

SHOWN_UNITS = 6  # of each direction
DIRECTIONS = ("forwards", "backwards")


class Gates(NamedTuple):
    """What an LSTM computes at each step; all are `(steps, hidden)`, the gates 0 to 1, the output -1 to 1."""

    input: Tensor
    forget: Tensor
    output_gate: Tensor
    cell: Tensor
    output: Tensor


def gates(lstm: nn.LSTM, frames: Tensor, backward: bool = False) -> Gates:
    """The equations of torch.nn.LSTM, step by step, which itself returns only the outputs.

    Args:
        lstm: Of one layer.
        frames: `(steps, inputs)`.
        backward: Whether to follow the direction that reads from the end; its steps are in the song's order, too.
    """
    own = "_l0_reverse" if backward else "_l0"
    W, U, b, d = (getattr(lstm, name + own) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))  # noqa: N806
    h = c = frames.new_zeros(lstm.hidden_size)
    steps = []
    for x in frames.flip(0) if backward else frames:
        i, f, g, o = (W @ x + b + U @ h + d).chunk(4)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * c + i * g
        h = o * c.tanh()
        steps.append((i, f, o, c, h))
    parts = (torch.stack(part) for part in zip(*steps, strict=True))
    return Gates(*(part.flip(0) if backward else part for part in parts))


@torch.enable_grad()
def influence(lstm: nn.LSTM, frames: Tensor) -> Tensor:
    """How much each frame moves each step's output: the norm of the gradient, `(directions, steps, frames)`."""
    units, hidden = torch.arange(lstm.hidden_size), lstm.hidden_size
    rows = []
    for direction in range(2):
        for step in range(len(frames)):
            copies = frames.repeat(hidden, 1, 1).requires_grad_()  # of each, the output of another unit is followed
            outputs = lstm(copies)[0][units, step, direction * hidden + units]
            (gradient,) = torch.autograd.grad(outputs.sum(), copies)
            rows.append(gradient.square().sum(dim=(0, 2)).sqrt())
    return torch.stack(rows).view(2, len(frames), len(frames))


@torch.no_grad()
def watched(run: "Run", tracks: "Sequence[Track]") -> Arrays:
    """An LSTM that reads frames, watched over the middle window of the first test song that it gets right.

    Of its song, genre and seconds (where the window begins); frames `(steps, n_features)`; gates (input, forget,
    output, cell) of the units whose cells change most, `(directions, 4, steps, units)`; steps and
    prefixes `(steps, n_genres)`, what is said of each step alone and of all up to it, 0 to 1; what `influence` returns.
    """
    track, start, window = shown_window(run, tracks)
    model, seconds = run.model, run.spec.features.seconds_of(start)
    frames = model.encoder[0](window)
    lstm = next(layer for layer in model.encoder if isinstance(layer, Recurrent)).lstm
    arrays = {
        "frames": window, "gates": most_active(lstm, frames), "influence": influence(lstm, frames),
        "prefixes": prefixes(model, window), "steps": model.head(lstm(frames)[0]).softmax(dim=1),
    }  # fmt: skip
    about = {"song": track.path.relative_to(track.path.parents[1]).as_posix(), "seconds": seconds}
    about["genre"] = run.spec.genres.index(track.genre)
    half = {name: array.numpy().astype(np.float16) for name, array in arrays.items()}
    return {f"watched_{name}": np.array(value) for name, value in (half | about).items()}


def shown_window(run: "Run", tracks: "Sequence[Track]") -> tuple["Track", int, Tensor]:
    """The song that is watched, its middle window's first frame, and the window itself, `(n_frames, n_features)`."""
    n_frames = run.spec.window_shape[0]
    for track in tracks:
        song = run.cache.find(track.path)
        if track.split == "test" and song is not None:
            start = (song.n_frames - n_frames) // 2
            window = torch.tensor(run.cache.frames(song)[start : start + n_frames]).float()
            if run.spec.genres[int(run.model(window[None]).argmax())] == track.genre:
                return track, start, window
    raise RuntimeError("the network gets no test song right")


def prefixes(model: "GenreClassifier", window: Tensor) -> Tensor:
    """What a network says of the frames up to each one, `(n_frames, n_genres)`."""
    return torch.stack([model(window[None, : step + 1])[0] for step in range(len(window))]).softmax(dim=1)


def most_active(lstm: nn.LSTM, frames: Tensor) -> Tensor:
    """The gates and the cell of the SHOWN_UNITS of each direction whose cell changes most over time."""
    shown = []
    for backward in (False, True):
        found = gates(lstm, frames, backward)
        units = found.cell.std(dim=0).argsort(descending=True)[:SHOWN_UNITS]
        shown.append(torch.stack([part[:, units] for part in found[:4]]))
    return torch.stack(shown)


def lstm_gates() -> "Figure":
    """One unit of each direction, and the cells of some, while two seconds of a song play."""
    arrays, seconds = stored(), seconds_shown()
    figure, axes = panels(4, 2, width=9.0, height=7.0)
    for direction, name in enumerate(DIRECTIONS):
        spectrogram, gate, cell, cells = axes[direction::2]
        draw_mel(spectrogram, arrays["watched_frames"].astype(float), seconds[-1])
        spectrogram.set(title=f"mel bands, read {name}", xlabel="")
        parts = arrays["watched_gates"][direction].astype(float)  # (4, steps, units)
        for part, label, colour in zip(parts, ("input gate", "forget gate", "output gate"), COLOURS, strict=False):
            gate.plot(seconds, part[:, 0], label=label, color=colour, linewidth=1.2)
        gate.set(title="the gates of the unit whose cell changes most", ylim=(0, 1), xlim=extent(1)[:2])
        cell.plot(seconds, parts[3, :, 0], color=COLOURS[3], linewidth=1.2)
        cell.set(title="what that cell holds", xlim=extent(1)[:2])
        draw_cells(cells, parts[3])
    axes[2].legend(loc="lower left")
    name_colours(axes[:2])
    figure.colorbar(axes[-1].images[0], ax=axes[-2:], label="cell")
    return figure


def draw_cells(axis: "Axes", values: np.ndarray) -> None:
    """Draw what cells `(steps, units)` hold, both directions by the same colours."""
    most = np.abs(stored()["watched_gates"][:, 3].astype(float)).max()
    axis.imshow(values.T, cmap="PuOr", vmin=-most, vmax=most, aspect="auto", extent=extent(SHOWN_UNITS))
    axis.set(title=f"the cells of {SHOWN_UNITS} units", yticks=[], xlabel="seconds")


def lstm_decision() -> "Figure":
    """Which frames each step's output depends on, and what the network says step by step."""
    arrays = stored()
    figure, axes = panels(2, 2, width=9.0, height=5.4)
    for axis, moved, name in zip(axes, arrays["watched_influence"].astype(float), DIRECTIONS, strict=False):
        shown = moved / moved.max(axis=1, keepdims=True)
        axis.imshow(shown, origin="lower", cmap="Blues", extent=extent(seconds_shown()[-1]), aspect="auto")
        axis.set(title=f"reading {name}: what each step's output depends on", xlabel="frame, at seconds")
        axis.set_ylabel("step, at seconds")
    said = {"each step alone": "watched_steps", "the mean of the steps of the song so far": "watched_prefixes"}
    for axis, (title, name) in zip(axes[2:], said.items(), strict=True):
        for genre, probability, colour in zip(arrays["genres"], arrays[name].T, COLOURS, strict=False):
            axis.plot(seconds_shown(), probability, label=genre, color=colour, linewidth=1.2)
        axis.set(title=f"what {title} says", ylabel="probability", ylim=(0, 1))
        axis.set(xlabel="seconds heard", xlim=extent(1)[:2])
    axes[2].legend(loc="center right")
    return figure


def seconds_shown() -> np.ndarray:
    """When each frame of the window has been heard, from the window's beginning on: `(steps,)`."""
    features = LogMel()
    return np.array([features.seconds_of(1 + step) for step in range(len(stored()["watched_frames"]))])


def extent(height: float) -> tuple[float, float, float, float]:
    """Where a picture of the window lies: its seconds, and `height` of whatever its rows are."""
    return 0, float(seconds_shown()[-1]), 0, height


def song_watched() -> tuple[Waveform, int]:
    """The two seconds, `(samples,)`, and their sampling rate."""
    arrays, settings = stored(), {"seed": 0, "artists": 24, "songs": 3}  # as in conf/data/demo.yaml
    numbers = {track.path.as_posix(): numbers for track, numbers in invent(Path(), **settings)}
    genre, artist, number = numbers[str(arrays["watched_song"])]
    song = compose_song(0, genre, artist, number, seconds=12.0, overlap=0.06)
    start, length = float(arrays["watched_seconds"]), len(arrays["watched_frames"])
    edges = [round(at * SAMPLE_RATE) for at in (start, start + LogMel().seconds_of(length))]
    return song[edges[0] : edges[1]], SAMPLE_RATE


PICTURES = {"lstm_gates": lstm_gates, "lstm_decision": lstm_decision}
SOUNDS = {"lstm_song": song_watched}
