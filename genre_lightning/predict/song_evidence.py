"""What speaks for a genre in a song, and what else is known of it, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from genre_lightning.audio.reading import AudioError
from genre_lightning.data.catalogue import Track
from genre_lightning.data.extraction import attempt
from genre_lightning.embed.artists import song_name
from genre_lightning.embed.neighbours import similar_learnt
from genre_lightning.errors import UserError
from genre_lightning.features.base import Features
from genre_lightning.features.pretrained import Pretrained
from genre_lightning.predict.evidence import SCALE, Evidence, Frames, Listener, Part
from genre_lightning.predict.evidence_picture import song_picture
from genre_lightning.predict.formats import DECIMALS
from genre_lightning.runs.predictions import read_predictions
from genre_lightning.runs.run import Run
from genre_lightning.text import percent, printable, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STRONGEST = 2  # parts of a kind that are named, for and against each
SIMILAR = 2
NOTHING = 0.005  # evidence that is rounded to zero
NAMED_TAGS = 5


@dataclass(frozen=True)
class Explanation:
    """A song, what speaks for a genre in it, and what else is known of it.

    `similar` are songs that the model learnt from, with their similarities; `tags` are the encoders' own, by their
    names; `remarks` are sentences about all that.
    """

    path: Path
    genre: str
    probabilities: Mapping[str, float]
    evidence: Evidence
    similar: Sequence[tuple[Track, float]]
    tags: Mapping[str, Mapping[str, float]]
    remarks: Sequence[str]

    @property
    def title(self) -> str:
        """The song with its most probable genre and the second one in a line."""
        first, second, *_ = [f"{genre}, {percent(sure)}" for genre, sure in self.probabilities.items()]
        return f"{printable(self.path.name)}: {first} (second choice: {second})"


def explain_song(run: Run, listener: Listener, path: Path, genre: str | None, as_json: bool) -> tuple[str, str, Figure]:
    """What speaks for a genre, or for the predicted one if none is named: a text, a name and a picture.

    Raises UserError if the song cannot be read.
    """
    _, song = attempt(listener.read, path)
    if isinstance(song, AudioError):
        raise UserError(f"{printable(path)} {song}")
    probabilities = listener.probabilities(song)
    genre = genre or next(iter(probabilities))
    similar, no_songs = similar_songs(run, path)
    tags, no_tags = own_tags(run.spec.features, song.frames)
    remarks = [*remarks_on(run, path), listener.of_nothing(), *no_songs, *no_tags]
    told = Explanation(path, genre, probabilities, listener.evidence(song, genre), similar, tags, remarks)
    title = f"{told.title}\nwhat speaks for {genre} (red) and against it (blue)"
    picture = song_picture(song, told.evidence, run.spec.features, title, tags)
    return json.dumps(song_json(told)) if as_json else song_text(told), path.name, picture


def remarks_on(run: Run, path: Path) -> Iterator[str]:
    """What is to be known before reading an explanation: of the song, and of features that make no picture."""
    rows = {song.split: song for song in read_predictions(run.folder) if song.path.resolve() == path.resolve()}
    if "learnt_from" in rows:
        yield f"The model has learnt from this song, as {rows['learnt_from'].genre}: it may know it by heart."
    for split, song in rows.items():
        if "learnt_from" not in rows:
            yield f"The model has not learnt from this song, which is in {split} as {song.genre}."
    if not run.spec.features.is_image:
        yield "These features have no bands of frequency: what is left out are encoders, and seconds."


def similar_songs(run: Run, path: Path) -> tuple[list[tuple[Track, float]], list[str]]:
    """The most similar songs that the model learnt from, or else why there are none."""
    try:
        return similar_learnt(run, path, SIMILAR), []
    except UserError as error:
        return [], [f"No similar songs: {error}."]


def own_tags(features: Features, frames: Frames) -> tuple[dict[str, dict[str, float]], list[str]]:
    """The probability of each of the tags that frozen encoders were trained to hear, or else why they are not known."""
    told: dict[str, dict[str, float]] = {}
    trouble = []
    for band, encoder in features.parts() if isinstance(features, Pretrained) else ():
        vectors = torch.from_numpy(frames[:, band.start : band.end]).float()
        try:
            heard = encoder.tags(vectors)
            told |= {band.name: heard} if heard else {}
        except UserError as error:
            trouble.append(f"What {band.name} itself hears cannot be said: {error}.")
    return told, trouble


def song_text(told: Explanation) -> str:
    """All of it but for the weaker parts, for people."""
    evidence, paragraphs = told.evidence, [told.title, *told.remarks]
    kinds = {"part": evidence.bands, "time": evidence.times, "part of a time": evidence.places}
    for kind, parts in kinds.items() if len(evidence.bands) > 1 else [("time", evidence.times)]:
        rows = [(part.name, f"{part.evidence:+.2f}", percent(part.without)) for part in strongest(parts)]
        paragraphs.append(table((kind, f"speaks for {told.genre}", "probability without it"), rows))
    paragraphs.append(SCALE)
    if told.similar:
        rows = [(f"{similarity:.3f}", printable(song_name(track)), track.genre) for track, similarity in told.similar]
        paragraphs.append(table(("similarity", "most similar songs it learnt from", "genre"), rows))
    for encoder, tags in told.tags.items():
        named = [f"{tag} {percent(sure)}" for tag, sure in sorted(tags.items(), key=lambda tag: -tag[1])[:NAMED_TAGS]]
        paragraphs.append(f"{encoder} itself hears: {', '.join(named)}")
    return "\n\n".join(paragraphs)


def strongest(parts: Sequence[Part]) -> list[Part]:
    """Those that speak most for the genre, and then those that speak most against it."""
    ranked = sorted(parts, key=lambda part: -part.evidence)
    pros, cons = (
        [part for part in ranked if part.evidence > NOTHING],
        [part for part in ranked if part.evidence < -NOTHING],
    )
    return pros[:STRONGEST] + cons[-STRONGEST:]


def song_json(told: Explanation) -> dict[str, Any]:
    """All of it as JSON holds it."""
    evidence = told.evidence
    kinds = {"bands": evidence.bands, "times": evidence.times, "places": evidence.places}
    similar = [
        {"path": str(track.path), "title": track.title, "artist": track.artist, "genre": track.genre,
         "similarity": round(similarity, DECIMALS)}
        for track, similarity in told.similar
    ]  # fmt: skip
    return {
        "path": str(told.path),
        "genre": next(iter(told.probabilities)),
        "explained_genre": told.genre,
        "probabilities": rounded(told.probabilities),
        "edges_seconds": [round(edge, 3) for edge in evidence.edges],
        **{kind: [part.plain() for part in parts] for kind, parts in kinds.items()},
        "similar": similar,
        "tags": {encoder: rounded(tags) for encoder, tags in told.tags.items()},
        "remarks": list(told.remarks),
    }


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    """Numbers as JSON shows them."""
    return {name: round(value, DECIMALS) for name, value in values.items()}
