"""Make the sounds of a task into a folder that data=folder reads: python -m docs.tasks NAME FOLDER."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from docs.tasks.birds import birds
from docs.tasks.broadcast import heard_by, in_words
from docs.tasks.recording import Clip, write_clips
from docs.tasks.speech import languages, speakers, wake_word
from docs.tasks.voice import voice
from genre_lightning.command_line.ending import run_command

TASKS: dict[str, Callable[[int], Iterator[Clip]]] = {
    "birds": birds, "speakers": speakers, "languages": languages, "voice": voice, "wake-word": wake_word,
}  # fmt: skip
BROADCAST = "broadcast"


def make(arguments: argparse.Namespace) -> None:
    """Write the clips of a task and say what they are, or what a run hears in the broadcast. Raises UserError."""
    from tqdm import tqdm

    if arguments.task == BROADCAST:
        print(in_words(heard_by(arguments.run, arguments.seed, arguments.folder)))
        return
    made = write_clips(tqdm(TASKS[arguments.task](arguments.seed), unit="clip", disable=None), arguments.folder)
    groups, labels = {track.artist for track in made}, {track.genre for track in made}
    print(f"{len(made)} clips in {len(groups)} groups: {', '.join(sorted(labels))}")


def main() -> None:
    """Read the command line, and do what it says; a user's mistake is one line."""
    parser = argparse.ArgumentParser("python -m docs.tasks", description=__doc__)
    parser.add_argument("task", choices=[*TASKS, BROADCAST], help="docs/theory.md, section 8, tells of them")
    parser.add_argument("folder", type=Path, help="a new one; then: python train.py data=folder data.root=FOLDER")
    parser.add_argument("--seed", type=int, default=0, help="another one makes other clips (default: 0)")
    parser.add_argument("--run", type=Path, help="of broadcast: the run that hears it, which has learnt `voice`")
    arguments = parser.parse_args()
    if (arguments.task == BROADCAST) != (arguments.run is not None):
        parser.error(f"--run belongs to {BROADCAST}, which needs it")
    run_command(make, arguments)


if __name__ == "__main__":
    main()
