"""A finished run as one file: genre-lightning export RUN model.onnx

The ONNX model turns windows, `features` (batch, frames, n_features), into `logits` (batch, n_genres). The spec, which
says how a song becomes windows and which genre is which, lies in the file's metadata and, as JSON, beside it.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from genre_lightning.data.spec import Spec, read_spec
from genre_lightning.devices import without_harmless_warnings
from genre_lightning.errors import UserError, constraints
from genre_lightning.features.pretrained import Pretrained
from genre_lightning.files import write_whole

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

    from genre_lightning.features.base import Features
    from genre_lightning.runs.run import Run

Logits = Callable[[Tensor], Tensor]
METADATA = "genre_lightning"
TOLERANCE = 1e-4


def export(run: Run, path: Path) -> float:
    """Write a finished run's model as one ONNX file, and its spec as JSON beside it.

    Returns by how much the logits differ from PyTorch's at most, which is below TOLERANCE. Raises UserError if a
    package is missing, the run cannot be read, or the files cannot be written.
    """
    check_packages("onnxscript", "onnxruntime")
    if path.suffix != ".onnx":
        raise UserError(f"{path}: name a file that ends with .onnx")
    spec = run.spec.plain()
    model = to_onnx(nn.Sequential(run.model.encoder, run.model.head).eval(), run.spec.window_shape, json.dumps(spec))
    difference = furthest_apart(run, as_logits(open_session(model)))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda file: file.write(model))
        write_whole(path.with_suffix(".json"), lambda file: file.write(json.dumps(spec, indent=2).encode()))
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None
    return difference


def held(features: Features) -> str:
    """What an exported file holds, and what whoever uses it has to have besides, in a sentence."""
    if not isinstance(features, Pretrained):
        return f"It holds the network, which reads windows of {type(features).__name__} features as its metadata say."
    named = ", ".join(encoder.called for _, encoder in features.parts())
    return (
        f"It holds the layers behind the frozen encoders, not {named}: other programs compute their vectors first; "
        "`genre-lightning predict` does so itself, with the revisions in its metadata."
    )


def to_onnx(network: nn.Module, window_shape: tuple[int, int], spec: str) -> bytes:
    """The network as an ONNX model for any number of windows, with the spec in its metadata."""
    with without_harmless_warnings():
        program = torch.onnx.export(
            network,
            (torch.zeros(2, *window_shape),),
            input_names=["features"],
            output_names=["logits"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    for part in (model.graph, *model.graph.node):
        del part.metadata_props[:]  # where on this machine each line of code lies
    model.metadata_props.add(key=METADATA, value=spec)
    return model.SerializeToString()


@torch.inference_mode()
def furthest_apart(run: Run, logits: Logits) -> float:
    """The largest difference between `logits` and the model's own, on noise as loud as the songs it learnt from.

    Raises UserError if it is above TOLERANCE.
    """
    from genre_lightning.models.base import Standardise

    rng = torch.Generator().manual_seed(0)
    noise = torch.randn(16, *run.spec.window_shape, generator=rng)
    standardise = run.model.encoder[0]
    assert isinstance(standardise, Standardise)
    windows = noise * standardise.std + standardise.mean
    difference = float((logits(windows) - run.model(windows)).abs().max())
    if not difference <= TOLERANCE:
        raise UserError(f"the exported model's logits differ from PyTorch's by {difference:.1e}; nothing was written")
    return difference


def read_exported(path: Path, *, trust: bool = False) -> tuple[Spec, Logits]:
    """The spec and the network of an exported file. Raises UserError if it is damaged or not this version's."""
    check_packages("onnxruntime")
    from onnxruntime.capi import onnxruntime_pybind11_state as state  # pyright: ignore[reportAttributeAccessIssue]

    damage = (state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf, state.NotImplemented)
    try:
        session = open_session(path.read_bytes())
        values = json.loads(session.get_modelmeta().custom_metadata_map[METADATA])
        if values["format"] == 1:
            raise UserError(f"{path}: made by version 0.1; export it again from a run trained with this version")
        spec = read_spec(values, trust=trust)
        (features,), (logits,) = session.get_inputs(), session.get_outputs()
    except (*damage, KeyError, TypeError, ValueError):  # onnxruntime's own, and those of reading the metadata
        raise UserError(f"{path} is damaged, or was not exported by this version of this program") from None
    check_shapes(path, spec, features.shape[1:], logits.shape[1:])
    return spec, as_logits(session)


def check_shapes(path: Path, spec: Spec, window_shape: Sequence[int], genres_shape: Sequence[int]) -> None:
    """Raise UserError unless a network takes the windows of `spec` and tells its genres apart."""
    if (*window_shape, *genres_shape) != (*spec.window_shape, len(spec.genres)):
        raise UserError(f"{path}: the network does not match the features, windows or genres in its spec")


def open_session(model: bytes) -> InferenceSession:
    """The model ready to run on one thread, since songs are predicted in parallel."""
    import onnxruntime

    options = onnxruntime.SessionOptions()  # pyright: ignore[reportAttributeAccessIssue] (it lies in compiled code)
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # what is wrong is told by the exception
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"], enable_fallback=0)


def as_logits(session: InferenceSession) -> Logits:
    """The function that a session computes."""
    return lambda windows: torch.from_numpy(session.run(["logits"], {"features": windows.numpy()})[0])


def check_packages(*names: str) -> None:
    """Raise UserError for packages that are not installed: only exported files need them."""
    if missing := [name for name in names if importlib.util.find_spec(name) is None]:
        raise UserError(f"ONNX files need {' and '.join(missing)}; run: pip install{constraints()} {' '.join(missing)}")
