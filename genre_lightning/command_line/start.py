"""The beginning of a command that Hydra starts: what is typed becomes what Hydra reads, and its refusals a line."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from genre_lightning.command_line.ending import run_command
from genre_lightning.command_line.rewriting import rewritten
from genre_lightning.errors import UserError


def start(main: Callable[[], object], script: str) -> NoReturn:
    """Run `main`, decorated with Hydra's, as `run_command` does.

    `script` is the file of the command, beside which lies conf/ with a configuration of the same name. What Hydra
    refuses is told in a line with what to type instead.
    """
    run_command(call, main, Path(script))


def call(main: Callable[[], object], script: Path) -> object:
    """Call `main`. Raises UserError for what cannot be read, and what `main` raises."""
    from hydra.errors import HydraException

    from genre_lightning.command_line.meant import Settings, check_options, meant

    typed = sys.argv[1:]
    check_options(typed)
    sys.argv[1:] = rewritten(typed)
    try:
        return main()
    except (HydraException, ValueError) as error:  # a plain ValueError, for group=null
        if (line := meant(error, typed, Settings(script.parent / "conf", script.stem))) is None:
            raise
        raise UserError(line) from error
