"""Names on a picture of the map: none touches another or leaves the map."""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_lightning.data.catalogue import Catalogue
from genre_lightning.data.names import shown_title, with_names
from genre_lightning.embed import style
from genre_lightning.embed.embeddings import Embeddings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The heights of letters, and other lengths, in points
GENRE_POINTS, SONG_POINTS = (8.0, 12.0), (5.0, 7.5)
GENRES_OF_LARGE_NAMES, GENRES_OF_SMALL_NAMES = 12, 48
FARTHEST, STEP = 60.0, 4.0  # that a genre's name may be away from the middle of its songs
LINE = 1.25  # the height of a line, of letters that are 1 high, and some room
ROOM = 3.0  # between names side by side
CELL = 2.0  # in which marks are counted
LONGEST_NAME = 30
SONGS_TRIED = 3000  # the most typical ones; there is no room for more, and trying takes a while
# Where the middle of a song's name may lie, in half widths and heights from its mark: to the right of it first
BESIDE = np.array([[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, 1], [1, -1], [-1, -1]])


class Lettering:
    """The room for names on axes whose layout is final.

    Boxes are `(left, bottom, right, top)` in points from the lower left corner of the map.

    Args:
        axes: The map.
        positions: `(songs, 2)`: where its marks are.
    """

    def __init__(self, axes: "Axes", positions: np.ndarray) -> None:
        self.axes, self.taken = axes, np.empty((0, 4))
        figure = axes.get_figure(root=True)
        self.size = np.array(axes.get_window_extent().size) * (72 / figure.dpi if figure is not None else 1)
        cells = np.ceil(self.size / CELL).astype(int)
        places = [*self.in_points(positions).T]
        marks = np.histogram2d(*places, bins=[*cells], range=[(0, CELL * number) for number in cells])[0]
        self.marks_before = np.pad(marks.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))

    def in_points(self, positions: np.ndarray) -> np.ndarray:
        """Positions on the map, `(..., 2)`, in points from its corner."""
        return self.axes.transAxes.inverted().transform(self.axes.transData.transform(positions)) * self.size

    def free(self, middles: np.ndarray, size: np.ndarray) -> np.ndarray:
        """The boxes of a size `(2,)` around `(places, 2)` middles that are on the map and touch no name."""
        boxes = np.concatenate([middles - size / 2, middles + size / 2], axis=1)
        inside = np.all((boxes[:, :2] >= 0) & (boxes[:, 2:] <= self.size), axis=1)
        apart = (boxes[:, None, :2] >= self.taken[:, 2:]) | (boxes[:, None, 2:] <= self.taken[:, :2])
        return boxes[inside & np.all(apart.any(axis=2), axis=1)]

    def marks_under(self, boxes: np.ndarray) -> np.ndarray:
        """How many marks boxes on the map cover."""
        left, bottom, right, top = (np.round(boxes / CELL).astype(int).clip(0)).T
        before = self.marks_before
        return before[right, top] - before[left, top] - before[right, bottom] + before[left, bottom]

    def write(self, name: str, box: np.ndarray, points: float, **look: Any) -> None:
        """Write a name into a box, which is then taken."""
        from matplotlib.patheffects import withStroke

        self.taken = np.concatenate([self.taken, box[None]])
        middle = (box[:2] + box[2:]) / 2 / self.size
        halo = [withStroke(linewidth=points / 4, foreground="white", alpha=0.85)]
        look |= {"ha": "center", "va": "center", "fontsize": points, "path_effects": halo, "parse_math": False}
        self.axes.text(middle[0], middle[1], name, transform=self.axes.transAxes, **look)


def name_genres(lettering: Lettering, embeddings: Embeddings) -> None:
    """Write the genres' names, those of most songs first, as near to the middles of their clouds as there is room."""
    songs, centres = Counter(style.genre_of_songs(embeddings)), style.genre_centres(embeddings)
    between = (GENRES_OF_LARGE_NAMES, GENRES_OF_SMALL_NAMES)
    points, width = np.interp(len(centres), between, GENRE_POINTS[::-1]), name_width("bold")
    for genre in sorted(centres, key=lambda genre: -songs[genre]):
        name, middle = shown(genre), lettering.in_points(centres[genre])
        boxes = lettering.free(middle + spiral(), np.array([width(name), LINE]) * points)
        if len(boxes):
            lettering.write(name, boxes[0], points, weight="bold")


def name_songs(lettering: Lettering, embeddings: Embeddings, radius: float) -> None:
    """Write the titles of songs beside their marks of a radius in points, those of the most typical songs first."""
    typical, width, has = style.typicality(embeddings), name_width("normal"), font_has()
    rows = [row for row, track in enumerate(embeddings.tracks) if track.split != style.BACKGROUND]
    named = with_names(Catalogue([embeddings.tracks.tracks[row] for row in rows])).tracks
    titles = {row: shown_title(track) for row, track in zip(rows, named, strict=True)}
    for row in sorted(rows, key=lambda row: -typical[row])[:SONGS_TRIED]:
        name, points = shown(titles[row]), np.interp(typical[row], (0, 1), SONG_POINTS)
        size = np.array([width(name), LINE]) * points
        boxes = lettering.free(lettering.in_points(embeddings.positions[row]) + BESIDE * (size / 2 + radius), size)
        if len(boxes) and has(name):
            lettering.write(name, boxes[lettering.marks_under(boxes).argmin()], points, color="#444444")


def shown(name: str) -> str:
    """A name on one line, and not too long."""
    name = " ".join(name.split())
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def spiral() -> np.ndarray:
    """Ways `(places, 2)` from a middle to what is around it, the shortest first, in points."""
    rounds = np.arange(0, FARTHEST, STEP)
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return (rounds[:, None, None] * around).reshape(-1, 2)


def name_width(weight: str) -> Callable[[str], float]:
    """What measures how wide a name is, with room beside it, if its letters are 1 high."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=10, weight=weight)
    return lambda name: (1.03 * text_to_path.get_text_width_height_descent(name, font, ismath=False)[0] + ROOM) / 10


def font_has() -> Callable[[str], bool]:
    """What says whether the font has all signs of a name: of one in another script, nothing but boxes would be seen."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties()))
    signs = set(font.get_charmap())
    return lambda name: signs.issuperset(map(ord, name))
