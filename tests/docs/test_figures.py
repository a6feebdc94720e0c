"""python -m docs.figures makes every picture and every sound of the theory."""

from pathlib import Path
from typing import Any

import pytest
import soundfile

from docs.figures import __main__ as command
from docs.figures.__main__ import FOLDER, TIMED, everything, main
from docs.figures.cepstrum import correlations, mean_correlation
from docs.figures.overfitting import freedoms, leak
from docs.figures.waves import LOW_RATE, aliased, resampled


def test_a_name_that_is_none_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"there is no wavs; there are waves"):
        main(["wavs"], tmp_path)


def test_what_is_too_high_is_gone_when_resampled_and_mirrored_when_not() -> None:
    late = slice(2 * LOW_RATE, round(2.1 * LOW_RATE))  # the tone is above 7 kHz then
    assert resampled()[late].std() < 0.001
    assert aliased()[late].std() > 0.5


def test_sounds_are_written_as_loud_beside_each_other_as_they_are(tmp_path: Path) -> None:
    names = "tone_440", "tone_440_half", "partials_in_phase", "partials_out_of_phase"
    main(names, tmp_path)
    loud, soft, one, other = (soundfile.read(tmp_path / "sounds" / f"{name}.wav")[0].std() for name in names)
    assert soft == pytest.approx(loud / 2, rel=0.01)
    assert one == pytest.approx(other, rel=0.001)


def test_a_picture_of_seconds_is_drawn_anew_only_when_it_is_named(tmp_path: Path, monkeypatch: Any) -> None:
    drawn: list[str] = []
    writers = {name: lambda folder, name=name: drawn.append(name) for name in ("waves", TIMED)}
    monkeypatch.setattr(command, "everything", lambda: writers)
    main([], tmp_path)
    (tmp_path / f"{TIMED}.png").touch()
    main([], tmp_path)
    main([TIMED], tmp_path)
    assert drawn == ["waves", TIMED, "waves", TIMED]


@pytest.mark.slow
def test_all_pictures_and_sounds_are_made(tmp_path: Path) -> None:
    main([], tmp_path)
    written = {path.stem for path in tmp_path.rglob("*.*")}
    assert written == set(everything())
    assert all(path.stat().st_size > 1000 for path in tmp_path.rglob("*.png"))
    sounds = {path.stem: soundfile.read(path)[0] for path in tmp_path.rglob("*.wav")}
    assert {name for name, sound in sounds.items() if abs(sound).max() > 0.98} == set()  # which would be cut off


@pytest.mark.slow
def test_what_the_theory_says_of_overfitting_and_of_correlated_bands_is_what_is_drawn() -> None:
    text = " ".join((FOLDER.parent / "theory.md").read_text(encoding="utf-8").split())
    test = 100 * freedoms().mean(axis=2)[1]
    assert f"test rises to {test.max():.0f} % and falls again to {test[-1]:.0f} %" in text
    by_artist, by_song = 100 * leak().mean(axis=1)
    assert f"by artist {by_artist:.1f} % of the songs left out are right, in folds by song {by_song:.1f} %" in text
    bands, coefficients = map(mean_correlation, correlations())
    assert f"20 bands is {bands:.2f}, that of their 20 coefficients {coefficients:.2f}" in text
