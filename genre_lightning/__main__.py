"""The command genre-lightning, or python -m genre_lightning: what finished runs can do."""

import argparse
import io
import logging
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import genre_lightning.command_line.uncaught  # noqa: F401 (before all that takes time)

# isort: split

from genre_lightning import __version__
from genre_lightning.command_line.ending import run_command
from genre_lightning.command_line.values import count, csv_file, fraction, playlist
from genre_lightning.devices import machine, prepare_process
from genre_lightning.errors import UserError, packages
from genre_lightning.predict.cli import add_predict, add_trust
from genre_lightning.predict.explain import add_explain
from genre_lightning.predict.show import add_show
from genre_lightning.text import harmless, printable

COMPARED = """\
Both runs have to be tested on the same songs. Intervals hold for songs of other artists;
McNemar's test counts each song as if it were by another artist, and shows too much where
several songs are by one."""


def main(argv: Sequence[str] | None = None) -> None:
    """Do what the command line asks for, and end the program with a status that says whether all went well."""
    arguments = command_line().parse_args(argv)
    prepare_process()
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files in any script, and those that are no text at all
        sys.stdout.reconfigure(encoding="utf-8", errors=sys.getfilesystemencodeerrors())
    if getattr(arguments, "trust", False):
        sys.path.append(str(Path.cwd()))  # train.py, which lies there, has found classes from elsewhere beside it
    run_command(call, arguments)


def call(arguments: argparse.Namespace) -> int | None:
    """Call the chosen command, which only now imports what it needs; returns the exit status."""
    status = arguments.call(arguments)
    sys.stdout.flush()  # here, so that a closed pipe is noticed
    return status


def command_line() -> argparse.ArgumentParser:
    """The commands with their arguments."""
    listed = "\n".join(f"  {name:<12} {what}" for name, (what, _) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="genre-lightning",
        usage="genre-lightning [-h] [--version] COMMAND ...",
        description=f"Work with finished runs. To train one: python train.py\n\ncommands:\n{listed}",
        epilog="More about a command: genre-lightning COMMAND --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"genre_lightning {__version__}")
    commands = parser.add_subparsers(prog="genre-lightning", metavar="COMMAND", required=True, help=argparse.SUPPRESS)
    for name, (what, add) in COMMANDS.items():
        description = f"{what[0].upper()}{what[1:]}."
        add(commands.add_parser(name, description=description, formatter_class=argparse.RawDescriptionHelpFormatter))
    return parser


def add_neighbours(parser: argparse.ArgumentParser) -> None:
    """What is like a song or an artist, or lies between two songs."""
    where = "the folder of a run or a sweep, or one below it, that embed.py has written to"
    parser.add_argument("run", type=Path, metavar="RUN", help=where)
    asked = "a title, an artist, words of both, or an audio file, even a new one"
    parser.add_argument("query", metavar="QUERY", nargs="?", help=asked)
    parser.add_argument("--text", metavar="WORDS", help="what songs sound like, for runs that hear with CLAP")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--artists", action="store_true", help="list artists, each the mean of their songs")
    kinds.add_argument("--to", metavar="SONG", help="list songs along the line from QUERY to this song on the map")
    parser.add_argument("-k", type=count, default=10, metavar="N", help="how many (default: 10)")
    parser.add_argument("--m3u", type=playlist, metavar="FILE.m3u8", help="write the songs as a playlist too")
    add_trust(parser)
    parser.set_defaults(call=list_neighbours)


def list_neighbours(arguments: argparse.Namespace) -> None:
    """Print what is asked for, and write its songs as a playlist if one is named. Raises UserError."""
    from genre_lightning.embed.neighbours import neighbours, path_between
    from genre_lightning.embed.playlist import write_playlist
    from genre_lightning.embed.words import songs_like

    run, query, k, trust = arguments.run, arguments.query, arguments.k, arguments.trust
    if (query is None) == (arguments.text is None) or (arguments.text is not None and arguments.to is not None):
        raise UserError(
            "name a song or an artist, or describe songs with --text instead; only a song leads --to another"
        )
    if arguments.text is not None:
        answer = songs_like(run, arguments.text, k, arguments.artists, trust)
    elif arguments.to is None:
        answer = neighbours(run, query, k, arguments.artists, trust)
    else:
        answer = path_between(run, query, arguments.to, k, trust)
    print(harmless(answer.told), flush=True)  # also if the playlist cannot be written
    if arguments.m3u:
        write_playlist(answer.tracks, arguments.m3u)
        print(f"\n{arguments.m3u}")


def add_results(parser: argparse.ArgumentParser) -> None:
    """Runs side by side, best on validation first."""

    def call(arguments: argparse.Namespace) -> None:
        from genre_lightning.runs.overview import results
        from genre_lightning.runs.questions import answer

        print(harmless(results(arguments.folders)), flush=True)  # also where a question cannot be answered
        for told in filter(None, map(answer, arguments.folders)):
            print(f"\n{harmless(told)}")

    whose = "runs, or folders with runs in them (default: logs); sweep.csv and sweep.png go into it, or here if several"
    parser.add_argument("folders", nargs="*", type=Path, default=[Path("logs")], metavar="FOLDER", help=whose)
    parser.set_defaults(call=call)


def add_compare(parser: argparse.ArgumentParser) -> None:
    """Two runs on the same test songs."""

    def call(arguments: argparse.Namespace) -> None:
        from genre_lightning.runs.compare import compare, describe
        from genre_lightning.runs.comparison_picture import draw
        from genre_lightning.runs.run import find_run

        comparison = compare(find_run(arguments.a), find_run(arguments.b))
        print(harmless(describe(comparison)), flush=True)  # also if the picture cannot be written
        print(f"\n{draw(comparison, arguments.output)}")

    parser.epilog = COMPARED
    parser.add_argument("a", type=Path, metavar="RUN_A", help="a finished run's folder, or a sweep's: its best")
    parser.add_argument("b", type=Path, metavar="RUN_B", help="another one's, tested on the same songs")
    whose = "the picture to write (default: compare_A_B.png, by the names of the runs)"
    parser.add_argument("--output", type=Path, metavar="FILE.png", help=whose)
    parser.set_defaults(call=call)


def add_audit(parser: argparse.ArgumentParser) -> None:
    """Labels that a run contradicts."""

    def call(arguments: argparse.Namespace) -> None:
        from genre_lightning.runs.run import Run, find_run

        run = Run(find_run(arguments.run), trust=arguments.trust)
        from genre_lightning.labels.audit import audit  # only now, since it takes seconds

        print(harmless(audit(run, arguments.output)))

    whose = "a run's folder, best a cross-validated one's (python train.py folds=5), or a sweep's: its best"
    parser.add_argument("run", type=Path, metavar="RUN", help=whose)
    what = "the list to write, with a page of the same name beside it (default: audit.csv in the run's folder)"
    parser.add_argument("--output", type=csv_file, metavar="FILE.csv", help=what)
    add_trust(parser)
    parser.set_defaults(call=call)


def add_suggest(parser: argparse.ArgumentParser) -> None:
    """Which songs to label next."""

    def call(arguments: argparse.Namespace) -> int:
        from genre_lightning.runs.run import run_with_model

        run = run_with_model(arguments.run, arguments.trust)
        from genre_lightning.labels.suggest import suggest  # only now, since it takes seconds

        return suggest(run, arguments.folder, arguments.n, arguments.confidence, arguments.output)

    parser.add_argument("run", type=Path, metavar="RUN", help="a finished run's folder, or a sweep's: its best")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="searched for songs that have no genre yet")
    parser.add_argument("-n", type=count, default=20, metavar="N", help="how many to label by hand (default: 20)")
    sure = "from which on suggestions may be taken for labels, 0 to 1 (default: where 95 %% of others are right)"
    parser.add_argument("--confidence", type=fraction, metavar="C", help=sure)
    whose = "the file to write, a manifest.csv for FOLDER (default: suggest.csv in it)"
    parser.add_argument("--output", type=csv_file, metavar="FILE.csv", help=whose)
    add_trust(parser)
    parser.set_defaults(call=call)


def add_export(parser: argparse.ArgumentParser) -> None:
    """A run as one file."""

    def call(arguments: argparse.Namespace) -> None:
        from genre_lightning.runs.run import run_with_model

        run = run_with_model(arguments.run, arguments.trust)
        from genre_lightning.predict.onnx import export, held  # only now, since it takes seconds

        logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it tells that it does without torchvision
        difference = export(run, arguments.onnx)
        print(f"{arguments.onnx}: logits agree with PyTorch's within {difference:.0e}")
        print(held(run.spec.features))

    parser.add_argument("run", type=Path, metavar="RUN", help="a finished run's folder, or a sweep's: its best")
    parser.add_argument(
        "onnx", type=Path, metavar="FILE.onnx", help="the file to write; FILE.json is written next to it"
    )
    add_trust(parser)
    parser.set_defaults(call=call)


def add_prune_cache(parser: argparse.ArgumentParser) -> None:
    """Caches without what no song needs any more, and what kills have left there and in runs."""

    def call(arguments: argparse.Namespace) -> None:
        from genre_lightning.data.prune import prune_all

        for root in arguments.roots or [Path("cache"), *filter(Path.is_dir, [Path("logs")])]:
            for line in prune_all(root, arguments.remove):
                print(printable(line))

    whose = "a folder with caches, or with runs, of which only unfinished files go (default: cache and logs)"
    parser.add_argument("roots", nargs="*", type=Path, metavar="FOLDER", help=whose)
    parser.add_argument("--remove", action="store_true", help="remove what can go; not while something trains")
    parser.set_defaults(call=call)


def add_info(parser: argparse.ArgumentParser) -> None:
    """What a bug report needs."""

    def call(_: argparse.Namespace) -> None:
        for name, value in chain([("genre_lightning", __version__)], machine(), packages()):
            print(f"{name:<16} {value}", flush=True)  # at once: all packages are loaded, which takes seconds

    parser.set_defaults(call=call)


COMMANDS = {
    "predict": ("predict a song's genre, as a whole or over time", add_predict),
    "explain": ("show which seconds and bands speak for a song's genre, or for each genre", add_explain),
    "show": ("draw a song's wave, spectrum, spectrogram, mel spectrogram and MFCC", add_show),
    "neighbours": ("find the songs or artists most similar to one, or the songs between two", add_neighbours),
    "results": ("list runs in a table, best on validation first, and in sweep.csv and sweep.png", add_results),
    "compare": ("tell which of two runs is better on the same test songs, and how surely", add_compare),
    "audit": ("list the songs whose label is doubtful, with a page to listen to them", add_audit),
    "suggest": ("list the songs of a folder that are worth labelling next, and suggest their genres", add_suggest),
    "export": ("export a run to ONNX, for quick predictions and for other programs", add_export),
    "prune-cache": ("delete cached features that no song needs", add_prune_cache),
    "info": ("versions, devices and folders, for a bug report", add_info),
}

if __name__ == "__main__":
    main()
