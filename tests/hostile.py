"""Runs that somebody has made to do harm: a finished one with something in it changed, drawn by a seed."""

import io
import json
import os
import pickle
import shutil
import zipfile
from itertools import pairwise

import numpy as np
import torch
from omegaconf import OmegaConf

CANARY = "ran-by-a-run"
SYSTEM = {"_target_": "os.mkdir", "path": CANARY, "_partial_": True}
LOAD = {"_target_": "numpy.load", "file": "evil.npy", "allow_pickle": True}
LETTERS = "abcdefghijklmnop"
NESTED = "".join(f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}]\n" for a, b in pairwise(LETTERS))
SETTINGS = [
    f"a: &a [x, x]\n{NESTED}",
    "[" * 100_000,
    "",
    "\0",
    "- ${run_folder:null,evil}\n",
    "hydra: {runtime: {cwd: '${oc.env:HOME}', choices: 3}}",
    "!!python/object/apply:os.mkdir [ran-by-a-run]",
    "a: ${a}",
]
ODD = [None, True, -1, 0, 10**9, 10**400, float("nan"), float("inf"), "", "x" * 10_000, "\x1b[2J", "\ud800", "../../.."]
ODD += [
    "/etc",
    "\0",
    "${oc.env:HOME}",
    "${x}",
    [],
    [[]],
    {},
    {"a": 1},
    [None],
    "=1+1",
    1e308,
    "${run_folder:null,evil}",
]
KEYS = "features model data cache loader split trainer logger.tensorboard callbacks.ema seed learning.optimizer folds"
KEYS += (
    " augment.gain loader.num_workers loader.batch_size cache.root data.root data._target_ model._target_ baseline.C"
)
KEYS += " cache.engine engine.address split.method features.n_fft report"
FEATURES = {"sample_rate": 10**9, "n_fft": 10**9, "hop_length": 1, "n_mels": 10**6, "win_length": -5, "f_max": 1e300}
CLASSES = ["os.mkdir", "genre_lightning.models.base.GenreClassifier", 3, "genre_lightning.models.mlp.nn", "."]
METRICS = [b"[" * 10**6, b"", b"\xff", b"3", b"{}", b'{"format": 5}', b'{"format": "' + b"x" * 10**6 + b'"}']
TABLES = [b"rank,folder\n1,../../..\n", b"", b"\xff\xfe\xff", b"a\0b", b'"', b"rank,folder\n1\n", b"path,genre\nx,y\n"]
CELLS = ["nan", "-1", "", "x", "\x1b[2J", "=1", "1e999", "/etc/passwd", "\0", '"', "a" * 200_000]
FILES = [
    "metrics.json",
    "manifest.csv",
    "predictions.csv",
    ".hydra/config.yaml",
    "checkpoints/model.ckpt",
    "embeddings.npz",
]


class Evil:
    """What makes a folder when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, (CANARY,)


def one_of(choices, rng):
    return choices[rng.integers(len(choices))]


def change_settings(run, rng):
    """One setting is another."""
    path = run / ".hydra" / "config.yaml"
    config = OmegaConf.load(path)
    try:
        OmegaConf.update(config, one_of(KEYS.split(), rng), one_of([SYSTEM, LOAD, *ODD], rng), merge=False)
        OmegaConf.save(config, path)
    except Exception:  # no YAML holds such a value
        path.write_text("3", encoding="utf-8")


def replace_settings(run, rng):
    """A file of settings is another."""
    name = one_of(["config.yaml", "overrides.yaml", "hydra.yaml", "../multirun.yaml"], rng)
    (run / ".hydra" / name).write_text(one_of(SETTINGS, rng), encoding="utf-8")


def change_checkpoint(run, rng):
    """The checkpoint says something else of itself."""
    path = run / "checkpoints" / "model.ckpt"
    held = torch.load(path, weights_only=True)
    spec, name = held["GenreDataModule"], one_of([*FEATURES], rng)
    node, key, value = [
        (spec["features"], name, FEATURES[name]),
        (spec["features"], "_target_", one_of(ODD, rng)),
        (spec, one_of([*spec], rng), one_of(ODD, rng)),
        (held["hyper_parameters"], one_of([*held["hyper_parameters"]], rng), one_of([10**9, [10**5] * 2, *ODD], rng)),
        (held, "model", one_of(CLASSES, rng)),
        (held, one_of([*held], rng), one_of(ODD, rng)),
    ][rng.integers(6)]
    node[key] = value
    torch.save(held, path)


def change_weights(run, rng):
    """Some weights are no numbers, too large, others, or are to be unpickled."""
    path = run / "checkpoints" / "model.ckpt"
    held = torch.load(path, weights_only=True)
    weights, number = held["state_dict"], one_of([float("nan"), float("inf"), 1e38], rng)
    name = one_of([name for name in weights if weights[name].is_floating_point()], rng)
    weights[name] = one_of([weights[name] * 0 + number, torch.zeros(1).expand(10**11), Evil(), torch.zeros(0)], rng)
    torch.save(held, path)


def damage(path, rng):
    """Bytes are cut off, changed or others; or the file is compressed, so that it grows."""
    content, changed = path.read_bytes(), bytearray(path.read_bytes())
    for place in rng.integers(len(content), size=20):
        changed[place] = rng.integers(256)
    with zipfile.ZipFile(packed := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * 10**8)
    cut = content[: rng.integers(len(content))]
    path.write_bytes(one_of([cut, bytes(changed), pickle.dumps(Evil()), packed.getvalue()], rng))


def damage_file(run, rng):
    damage(run / one_of(FILES, rng), rng)


def change_metrics(run, rng):
    """A figure in metrics.json is no such figure, or it is no JSON."""
    path = run / "metrics.json"
    node = held = json.loads(path.read_text(encoding="utf-8"))
    while isinstance(node[name := one_of([*node], rng)], dict) and node[name] and rng.random() < 0.8:
        node = node[name]
    node[name] = one_of(ODD, rng)
    path.write_bytes(one_of([json.dumps(held).encode(), json.dumps(held).encode(), one_of(METRICS, rng)], rng))


def change_table(run, rng):
    """A cell of a table is another, or it is no table."""
    path = run / one_of(["manifest.csv", "predictions.csv", "sweep.csv"], rng)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else ["rank,folder", "1,."]
    row = rng.integers(len(lines))
    cells = lines[row].split(",")
    cells[rng.integers(len(cells))] = one_of(CELLS, rng)
    lines[row] = ",".join(cells)
    path.write_bytes(one_of(["\n".join(lines).encode(), "\n".join(lines).encode(), one_of(TABLES, rng)], rng))


def change_embeddings(run, rng):
    """An array of embeddings.npz is another."""
    path = run / "embeddings.npz"
    with np.load(path) as stored:
        arrays = dict(stored)
    vectors = arrays["vectors"]
    others = [np.array([Evil()], dtype=object), np.zeros((10**6, 0), np.float32), np.array(3), vectors * np.nan]
    others += [
        np.array(["\x1b[2J"] * len(vectors)),
        vectors[:1],
        np.zeros(len(vectors), "M8[s]"),
        np.array("[" * 10**5),
    ]
    arrays[one_of([*arrays], rng)] = one_of(others, rng)
    np.savez(path, allow_pickle=True, **arrays)


def change_place(run, rng):
    """A folder lies where a file is to be, or nothing."""
    path = run / one_of(FILES, rng)
    path.unlink()
    if rng.random() < 0.5:
        path.mkdir()


def change_last(run, rng):
    """Something in the checkpoint that a run goes on from is another, at any depth; returns where it lay."""
    path = run / "checkpoints" / "last.ckpt"
    node = held = torch.load(path, weights_only=True)
    trace = [one_of(["loops", "callbacks", "optimizer_states", "lr_schedulers", "averaging_state", *held], rng)]
    while isinstance(node[trace[-1]], dict | list) and node[trace[-1]] and rng.random() < 0.9:
        node = node[trace[-1]]
        trace.append(one_of([*node] if isinstance(node, dict) else range(len(node)), rng))
    is_tensor = isinstance(node[trace[-1]], torch.Tensor)
    odd = [torch.zeros(1).expand(10**11), torch.zeros(3), torch.zeros(0)] if is_tensor else ODD
    node[trace[-1]] = one_of(odd, rng)
    torch.save(held, path)
    return trace


def change_kind(run, rng):
    """A file is a pipe, a device, a link out of the folder, or has no end."""
    path = run / one_of([*FILES, ".hydra/hydra.yaml", "train.log", "failed.txt", "checkpoints/last.ckpt"], rng)
    path.unlink(missing_ok=True)
    kind = rng.integers(4) if os.name == "posix" else 3
    if kind == 0:
        os.mkfifo(path)
    elif kind < 3:
        path.symlink_to(["/dev/zero", run.parent / "elsewhere"][kind - 1])
    else:
        path.touch()
        os.truncate(path, 2**35 if os.name == "posix" else 2**20)


CHANGES = [
    change_settings, change_checkpoint, change_metrics, change_table, change_embeddings, change_weights, damage_file,
    replace_settings, change_settings, change_checkpoint, change_metrics, change_place, change_kind,
]  # fmt: skip


def make_hostile(source, folder, number):
    """The hostile run with a number: the same number makes the same one."""
    shutil.copytree(source, folder)
    CHANGES[number % len(CHANGES)](folder, np.random.default_rng(number))
    return folder
