"""Draw the pictures of docs/theory.md anew, and write its sounds."""

import argparse
import sys
from collections.abc import Callable, Collection
from functools import partial
from importlib import import_module
from pathlib import Path

from tqdm import tqdm

from docs.figures.drawing import write_picture, write_sound

FOLDER = Path(__file__).parents[1] / "theory"
# Each has functions that make its pictures and its sounds, by their names, in PICTURES and SOUNDS.
MODULES = (
    "waves", "fourier", "spectrograms", "cepstrum", "recurrent", "fields", "reports", "overfitting", "maps", "tasks",
)  # fmt: skip
TIMED = "fft_speed"  # comes out differently each time: the picture that is there stays, unless it is named


def main(names: Collection[str], folder: Path = FOLDER) -> None:
    """Write the pictures and sounds that are named, or all, into `folder`, the sounds into a folder below it."""
    made = everything()
    if unknown := set(names) - set(made):
        sys.exit(f"docs.figures: there is no {', '.join(sorted(unknown))}; there are {', '.join(made)}")
    kept = {TIMED} if (folder / f"{TIMED}.png").exists() else set()
    wanted = {name: made[name] for name in names or [name for name in made if name not in kept]}
    (folder / "sounds").mkdir(parents=True, exist_ok=True)
    for name, write in (bar := tqdm(wanted.items(), unit="file")):
        bar.set_postfix_str(name)
        write(folder)
    print(f"{len(wanted)} files in {folder}, sounds in {folder / 'sounds'}")


def everything() -> dict[str, Callable[[Path], None]]:
    """What writes each picture and each sound into a folder, by its name."""
    written: dict[str, Callable[[Path], None]] = {}
    for name in MODULES:
        module = import_module(f"docs.figures.{name}")
        written |= {picture: partial(write_picture, picture, draw) for picture, draw in module.PICTURES.items()}
        written |= {sound: partial(write_sound, sound, make) for sound, make in module.SOUNDS.items()}
    return written


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m docs.figures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a picture or a sound (default: all)")
    main(parser.parse_args().names)
