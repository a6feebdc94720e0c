"""What the songs of a run look like: one of each genre as a picture, for the report."""

from collections.abc import Iterator
from pathlib import Path

from genre_lightning.audio.reading import AudioError
from genre_lightning.data.catalogue import SPLIT_NAMES, TESTED_IN, Catalogue, Track
from genre_lightning.plotting import save_picture
from genre_lightning.text import code, plain, printable

SHOWN_GENRES = 12  # the first ones; each takes half a second
SHOWN_SECONDS = 30.0
PREFERRED = ("test", "val", "train")


def draw_songs(songs: Catalogue, folded: bool, folder: Path) -> Iterator[str]:
    """Draw the first test song of each genre as song_1.png, song_2.png ... into a run's folder.

    A genre without test songs has one of another split. Yields paragraphs of Markdown that show the pictures and say
    which songs they are of, or why one cannot be drawn: its file may be gone, since its features were cached.

    `folded` says whether the songs were tested in folds.
    """
    genres = songs.genres[:SHOWN_GENRES]
    if len(genres) < len(songs.genres):
        yield f"The first {len(genres)} of {len(songs.genres)} genres."
    for number, genre in enumerate(genres, start=1):
        of_genre = [song for song in songs if song.genre == genre]
        song = min(of_genre, key=lambda song: PREFERRED.index(song.split))
        split = f"tested in fold {song.extra[TESTED_IN].replace(' ', ', ')}" if folded else SPLIT_NAMES[song.split]
        try:
            draw_song(song, split, folder / f"song_{number}.png")
            yield f"**{plain(genre)}**: {code(song.path)}, {split}\n\n![Song {number}](song_{number}.png)"
        except AudioError as error:
            yield f"**{plain(genre)}**: {code(song.path)} {error}, so it is not drawn."


def draw_song(song: Track, split: str, path: Path) -> None:
    """Draw the middle of a song. Raises AudioError if it cannot be read."""
    from genre_lightning.features.picture import excerpt_picture, read_to_draw

    recording = read_to_draw(song.path)
    start = max(0.0, (recording.seconds - SHOWN_SECONDS) // 2)  # a whole number of seconds
    name = f"{printable(song.path.name)} ({song.genre}, {split})"
    save_picture(excerpt_picture(recording, name, start, SHOWN_SECONDS), path, few_colours=True)
