"""What would do better than a network from scratch on few songs: one command, and by how much it did elsewhere."""

from collections.abc import Iterator
from inspect import signature

from omegaconf import DictConfig

from genre_lightning.command_line.quoting import override
from genre_lightning.data.splits import split_catalogue
from genre_lightning.text import percent

FEW_SONGS = 100  # of a genre; there frozen encoders were ahead on all real recordings in docs/results.md
# From the table there, accuracy on test: model=pretrained and model=cnn.
MEASURED = {"ten genres": (0.823, 0.689), "four genres": (0.895, 0.909)}
# Of the settings of a source, those that choose songs; others may be nobody's business.
CHOOSE_SONGS = (
    "root", "name", "subset", "revision", "genres", "manifest", "audio_column", "label_column", "artist_column",
    "title_column", "fold_column",
)  # fmt: skip


def advise(cfg: DictConfig, songs_a_genre: float) -> str:
    """What would do better on these songs, as text that ends with a command; empty if the network is pre-trained, its
    songs are composed or FEW_SONGS and more of each genre.
    """
    pretrained = ".features.pretrained." in cfg.features._target_
    if songs_a_genre >= FEW_SONGS or pretrained or choice(cfg) == "demo":
        return ""
    measured = [
        f"{percent(theirs)} right where model=cnn gets {percent(cnn)} ({name})"
        for name, (theirs, cnn) in MEASURED.items()
    ]
    return (
        f"It learnt from {songs_a_genre:.0f} songs a genre, which are few. Encoders that have heard millions of "
        "recordings often make more of them: of the README's test recordings model=pretrained gets "
        f"{', and '.join(measured)}. Try\n\n"
        f"    python train.py {' '.join(song_settings(cfg))} model=pretrained"
    )


def choice(cfg: DictConfig) -> str:
    """Which source of songs was chosen."""
    return cfg.data._target_.rpartition(".")[2]


def songs_from(cfg: DictConfig) -> str:
    """The data set or the folders of the songs as they were typed, or which source was chosen if it has none."""
    root = cfg.data.get("name") or cfg.data.get("root") or choice(cfg)
    return root if isinstance(root, str) else ", ".join(root)


def song_settings(cfg: DictConfig) -> Iterator[str]:
    """What must be typed for the same songs and the same split of them."""
    yield f"data={choice(cfg)}"
    for name in CHOOSE_SONGS:
        if cfg.data.get(name) is not None:
            yield override(f"data.{name}", cfg.data[name])
    for name, parameter in signature(split_catalogue).parameters.items():
        if cfg.split.get(name, parameter.default) != parameter.default:
            yield override(f"split.{name}", cfg.split[name])
    for name, usual in (("folds", None), ("repeats", 1)):
        if cfg[name] != usual:
            yield override(name, cfg[name])
