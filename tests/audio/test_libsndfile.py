import numpy as np
import pytest
import soundfile

from genre_lightning.audio.libsndfile import decode_with_libsndfile
from genre_lightning.audio.reading import AudioError, read_audio
from genre_lightning.audio.recording import Wanted

NOISE = np.random.default_rng(0).bytes(20000)


@pytest.mark.parametrize(("name", "data"), [("a.au", NOISE), ("a.vox", NOISE), ("a.wav", b"\1\4" + NOISE)])
def test_what_libsndfile_takes_for_sound_without_a_header_is_refused(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with soundfile.SoundFile(tmp_path / name):
        pass  # it does
    with pytest.raises(AudioError, match="no header of a known format"):
        decode_with_libsndfile(tmp_path / name, Wanted(22050, 100))


@pytest.mark.parametrize("name", ["a.wav", "a.caf"])
def test_a_file_whose_header_was_mended_has_every_sample(sine, patched, name):
    whole = read_audio(sine(name), 48000)
    path = patched(sine(name), b"data", bytes(4 if name == "a.wav" else 8))
    np.testing.assert_array_equal(decode_with_libsndfile(path, Wanted(48000, 100)).waveform, whole)
