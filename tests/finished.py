"""What tests read of finished runs."""

import json

import torch

from genre_lightning.train.callbacks import read_history


def figures(folder):
    found = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    found["run"].pop("seconds")  # which no seed makes the same
    return found


def curves(folder):
    return read_history(folder / "history.csv")


def checkpoint(folder, name="model"):
    return torch.load(folder / "checkpoints" / f"{name}.ckpt", map_location="cpu", weights_only=True)


def same_weights(one, other):
    ours, theirs = checkpoint(one)["state_dict"], checkpoint(other)["state_dict"]
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)
