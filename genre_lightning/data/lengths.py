"""How long a song may be."""

from dataclasses import dataclass
from math import inf

from genre_lightning.audio.reading import AudioError


@dataclass(frozen=True)
class Lengths:
    """What is shorter or longer than a song is left out. It changes nothing in what is computed of the others.

    Args:
        min_seconds: A file must last so long; 0: any length will do.
        max_seconds: And no longer than this: an hour takes about 0.35 GB of memory. None: any length.

    Raises:
        ValueError: If the settings leave nothing.
    """

    min_seconds: float = 0.1
    max_seconds: float | None = 10800.0

    def __post_init__(self) -> None:
        for name in ("min_seconds", "max_seconds"):  # equal, however they were typed
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else float(value))
        if not 0 <= self.min_seconds < inf:
            raise ValueError(f"min_seconds must be 0 or above, not {self.min_seconds}")
        if not self.min_seconds < self.longest:
            raise ValueError(f"max_seconds must be above min_seconds, or null, not {self.max_seconds}")

    @property
    def longest(self) -> float:
        """`max_seconds` as a number."""
        return inf if self.max_seconds is None else self.max_seconds

    def allow(self, seconds: float) -> bool:
        """Whether a song may last so long."""
        return self.min_seconds <= seconds <= self.longest

    def check_least(self, seconds: float) -> None:
        """Raise AudioError for what is too short for a song."""
        if seconds < self.min_seconds:
            least = f"a song lasts {self.min_seconds:g} s or more (cache.min_seconds)"
            raise AudioError(f"is too short: {seconds:.3f} s, and {least}")
