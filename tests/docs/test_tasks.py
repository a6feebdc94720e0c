import csv
import json
import subprocess
import sys
from functools import partial
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch

import genre_lightning
from docs.figures.tasks import HEARD
from docs.tasks import __main__ as command
from docs.tasks import speech
from docs.tasks.birds import SPECIES, birds, whistle
from docs.tasks.broadcast import broadcast, heard_by, in_words
from docs.tasks.recording import Place, write_clips
from docs.tasks.speech import LANGUAGES, SPEAKERS, languages, placed, say, speakers, wake_word
from docs.tasks.voice import Speaker, voice
from genre_lightning.data.sources.folder import folder
from genre_lightning.demo.instruments import SAMPLE_RATE
from genre_lightning.errors import UserError

TRAIN = Path(__file__).parents[2] / "train.py"
MAKERS = {
    birds: set(SPECIES), voice: {"voice", "other"}, speakers: set(SPEAKERS), languages: set(LANGUAGES),
    wake_word: {"computer", "other"},
}  # fmt: skip


@pytest.fixture(scope="module")
def minute():
    return broadcast(0)


@pytest.fixture
def a_tone_speaks(monkeypatch):
    """espeak-ng need not be here: each voice is a tone of its own."""

    def tone(text, voice, *how):
        return np.sin(np.arange(9000) * (0.02 + sum(voice.encode()) / 50000))

    monkeypatch.setattr(speech, "say", tone)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_the_tool_reads_what_is_made(make, a_tone_speaks, tmp_path):
    write_clips(make(0, groups=1, each=1), tmp_path / "made")
    found = folder(str(tmp_path / "made"))
    assert {track.genre for track in found} == MAKERS[make] and all(track.artist for track in found)
    assert all(track.path.parent.name == track.genre for track in found) and not found.others
    assert soundfile.info(found.tracks[0].path).samplerate == SAMPLE_RATE


@pytest.mark.parametrize("make", [birds, voice])
def test_the_same_seed_makes_the_same_files_and_another_one_others(make, tmp_path):
    for name, seed in {"one": 0, "again": 0, "other": 1}.items():
        write_clips(islice(make(seed), 2), tmp_path / name)
    one, again, other = ([*sorted((tmp_path / name).rglob("*.flac"))] for name in ("one", "again", "other"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in again]
    assert all(path.read_bytes() != twin.read_bytes() for path, twin in zip(one, other, strict=True))


@pytest.mark.parametrize("make", [languages, wake_word])
def test_a_speaker_is_heard_under_every_label(make, a_tone_speaks):
    clips = list(make(0, groups=2, each=1))
    assert len({clip.group for clip in clips}) == 2
    assert {(clip.group, clip.label) for clip in clips} == {
        (group, label) for group in {clip.group for clip in clips} for label in MAKERS[make]
    }


def test_who_speaks_is_the_label_and_a_group_is_one_of_the_days(a_tone_speaks):
    days = {clip.group: clip.label for clip in speakers(0, groups=2, each=1)}
    assert len(days) == 2 * len(SPEAKERS) and all(day.startswith(who) for day, who in days.items())


def test_two_birds_differ_in_nothing_but_the_direction_of_time():
    falling, rising = (whistle(SPECIES[name][0]._replace(gap_seconds=0), 1, 1) for name in ("trillet", "risling"))
    one, other = (np.abs(np.fft.rfft(wave)) for wave in (falling, rising))
    assert np.corrcoef(one, other)[0, 1] > 0.99
    early, late = (np.abs(np.fft.rfft(half, SAMPLE_RATE)).argmax() for half in np.array_split(falling, 2))
    assert early > 4200 > late  # a bin is 1 Hz
    early, late = (np.abs(np.fft.rfft(half, SAMPLE_RATE)).argmax() for half in np.array_split(rising, 2))
    assert early < 4200 < late


def test_a_speaker_has_a_pitch_and_pauses():
    speaker = Speaker(np.random.default_rng(0))
    wave = speaker.talk(3, np.random.default_rng(1))
    assert len(wave) == 3 * SAMPLE_RATE and (wave == 0).mean() > 0.03
    vowel = speaker.vowel(SAMPLE_RATE, 120, np.random.default_rng(2))
    spectrum = np.abs(np.fft.rfft(vowel))[: 5 * 120]  # a bin is 1 Hz; the pitch moves by a tenth
    assert spectrum[105:140].max() > 3 * spectrum[150:210].max()


def test_a_place_sounds_the_same_whenever_something_is_heard_there():
    click = np.zeros(SAMPLE_RATE)
    click[100] = 1
    here, there = Place(np.random.default_rng(0)), Place(np.random.default_rng(1))
    once, again, elsewhere = (place.heard(click, np.random.default_rng(2)) for place in (here, here, there))
    assert np.array_equal(once, again) and np.corrcoef(once, elsewhere)[0, 1] < 0.95
    later = here.heard(click, np.random.default_rng(3))
    assert np.corrcoef(once, later)[0, 1] > 0.9999 and once.max() != later.max()  # nearer, or further away


def test_a_sound_is_as_much_louder_than_what_is_behind_it_as_is_asked():
    place, time = Place(np.random.default_rng(0)), np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    sound, behind = (np.sin(2 * np.pi * hertz * time) for hertz in (1000, 1010))
    decibels = []
    for snr_db, loudness in ((30, 1), (10, 3)):
        recorded = place.record(sound, np.random.default_rng(1), snr_db, loudness * behind)
        spectrum = np.abs(np.fft.rfft(recorded))  # a bin is half a hertz
        decibels.append(20 * np.log10(spectrum[2000] / spectrum[2020]))
    assert decibels[0] - decibels[1] == pytest.approx(20, abs=0.5)


def test_words_are_put_into_a_clip_whole_or_cut_off():
    rng = np.random.default_rng(0)
    assert [placed(np.ones(samples), 1, rng).sum() for samples in (100, 2 * SAMPLE_RATE)] == [100, SAMPLE_RATE]


def test_a_folder_in_use_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(UserError, match="there already; name a folder that is new"):
        write_clips([], tmp_path)


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["tasks", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        command.main()
    return ended.value.code


def test_the_command_says_what_it_made(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(command.TASKS, "birds", partial(birds, groups=1, each=1))
    assert not run(monkeypatch, "birds", tmp_path / "made")
    assert capsys.readouterr().out == "5 clips in 5 groups: fluter, hobbler, risling, seesaw, trillet\n"


def test_a_folder_that_cannot_be_made_is_called_as_it_was_typed(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    said = run(monkeypatch, "birds", tmp_path / "file" / "made")
    assert said.startswith(f"error: FOLDER: {tmp_path}") and "cannot be written" in said and "\n" not in said


def test_without_espeak_there_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    said = run(monkeypatch, "languages", tmp_path / "made")
    assert said.startswith("error: ") and "espeak-ng, which is not installed: apt" in said and "\n" not in said


def test_a_run_belongs_to_the_broadcast(monkeypatch, tmp_path, capsys):
    assert run(monkeypatch, "broadcast", tmp_path) == 2 == run(monkeypatch, "birds", tmp_path, "--run", tmp_path)
    assert "--run belongs to broadcast" in capsys.readouterr().err


@pytest.mark.skipif(speech.which(speech.PROGRAM) is None, reason="espeak-ng is not installed")
def test_espeak_says_a_word_without_silence_around_it():
    word = say("computer", "en+f2")
    assert 0.3 < len(word) / SAMPLE_RATE < 1.5 and np.abs(word[:500]).max() > 0.005
    assert np.array_equal(word, say("computer", "en+f2")) and len(say("computer", "en+f2", 50, 300)) < len(word)


def test_only_a_run_that_knows_voices_hears_the_broadcast(monkeypatch, tmp_path):
    jazz = SimpleNamespace(spec=SimpleNamespace(genres=["jazz", "rock"]))
    monkeypatch.setattr(genre_lightning, "Predictor", lambda run: jazz, raising=False)
    with pytest.raises(UserError, match="logs has not learnt voice and other; name a run on what"):
        heard_by(Path("logs"), 0, tmp_path / "heard")
    assert not (tmp_path / "heard").exists()


def test_the_broadcast_says_in_which_seconds_somebody_talks(minute):
    wave, labels = minute
    loudness = np.abs(wave).reshape(len(labels), SAMPLE_RATE).max(axis=1)
    assert {label for label, loud in zip(labels, loudness, strict=True) if not loud} == {"silence"}
    assert labels.count("silence") == (loudness == 0).sum() and set(labels) == {"voice", "other", "silence"}


def test_what_the_picture_shows_was_heard_in_this_broadcast_and_is_what_the_text_says(minute):
    with HEARD.open(newline="", encoding="utf-8") as file:
        seconds = list(csv.DictReader(file))
    assert [second["is"] for second in seconds] == minute[1]
    right = [second["is"] == second["taken_for"] for second in seconds if second["is"] != "silence"]
    assert all(right)
    text = HEARD.parents[1].joinpath("theory.md").read_text(encoding="utf-8")
    assert f"All {len(right)} seconds with sound are right" in text


def test_seconds_are_counted_by_what_they_are():
    seconds = [("voice", "voice", 0.9), ("voice", "other", 0.2), ("silence", "silence", 0.0)]
    assert in_words(seconds) == "voice: 1 of 2 seconds right, silence: 1 of 1 seconds right"


@pytest.mark.slow
@pytest.mark.parametrize("make, window_seconds, least", [(birds, 2, 0.5), (voice, 1, 0.8)])
def test_a_few_epochs_teach_a_network_more_than_chance(make, window_seconds, least, tmp_path):
    write_clips(make(0, groups=8, each=3), tmp_path / "clips")
    short = ["trainer=cpu", "trainer.max_epochs=4", "refit=false", "logger=[]", "callbacks=[]"]
    own = ["data=folder", "data.root=clips", f"loader.window_seconds={window_seconds}", "hydra.run.dir=run"]
    subprocess.run([sys.executable, str(TRAIN), *own, *short], cwd=tmp_path, check=True)
    figures = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert figures["test"]["accuracy"] > least
    if make is voice:
        seconds = heard_by(tmp_path / "run", 1, tmp_path / "heard")
        assert sum(label == taken_for for label, taken_for, _ in seconds) > 0.75 * len(seconds)
        assert len((tmp_path / "heard" / "broadcast.csv").read_text(encoding="utf-8").splitlines()) == 1 + len(seconds)


def test_of_three_frames_five_ways_spell_ab_and_one_spells_aa():
    spelt = torch.full((3, 1, 3), 1 / 3).log()  # a blank, a and b are equally likely in each frame
    for word, ways in {(1, 2): 5, (1, 1): 1}.items():
        loss = torch.nn.functional.ctc_loss(spelt, torch.tensor([word]), torch.tensor([3]), torch.tensor([2]))
        assert torch.exp(-2 * loss).item() == pytest.approx(ways / 27)  # the mean is over the two letters
