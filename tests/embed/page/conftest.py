"""A page of made-up songs, opened in Chromium, for all tests of its parts."""

import numpy as np
import pytest
import soundfile

from genre_lightning.data.catalogue import Track
from genre_lightning.embed.page.document import write_page
from genre_lightning.embed.page.excerpts import excerpt
from genre_lightning.embed.style import Figure, MapView

FIGURE = Figure("silhouette", 0.31, "16 test songs", "How near songs are to their genre.")
SPLITS = ("train", "val", "test")
GENRES = ("clicks", "noise", "tones")


@pytest.fixture(scope="session")
def embeddings(make_embeddings, tmp_path_factory):
    """Fifteen songs a genre by three artists each, in all splits; the last song names neither artist nor title."""
    folder = tmp_path_factory.mktemp("page")

    def track(genre, song):
        names = f"Ärtist {song % 3} of {genre}", f"{genre} song {song:02}"
        return Track(folder / f"{genre}{song}.wav", genre, *names, SPLITS[song % 3])

    nameless = Track(folder / "nameless.wav", "tones", split="test")
    tracks = [*(track(genre, song) for genre in GENRES for song in range(15)), nameless]
    return make_embeddings(tracks, taken_for={3: "noise", 20: "tones"})


@pytest.fixture(scope="session")
def page(embeddings):
    """The page of all songs. Songs 5, 8 and 11 have excerpts, the file of song 6 lies beside the page, all others are
    gone.
    """
    folder = embeddings.tracks.tracks[0].path.parent
    for name, seconds in (("short.wav", 1.5), ("clicks6.wav", 12)):
        soundfile.write(folder / name, 0.5 * np.sin(np.arange(round(seconds * 8000)) / 3), 8000)
    sound = excerpt(folder / "short.wav")
    excerpts = [sound if row in (5, 8, 11) else None for row in range(len(embeddings.tracks))]
    write_page(MapView(embeddings, [FIGURE], "map of run", "run"), folder / "map.html", excerpts)
    return folder / "map.html"


@pytest.fixture
def opened(person, page):
    """The page, as it is when it has just been opened."""
    person.open("about:blank", opened="document")  # so that a link to a song in the same page opens it anew
    person.open(page.as_uri())
    return person


@pytest.fixture
def opened_with(person, tmp_path):
    """Open the page of other embeddings."""

    def open_page(embeddings, figures=(), title="run"):
        write_page(MapView(embeddings, figures, title, "run"), tmp_path / "map.html")
        person.open((tmp_path / "map.html").as_uri())
        return person

    return open_page
