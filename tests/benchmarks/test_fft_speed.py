"""The theory says that the FFT is faster than the transform as it is defined."""

import numpy as np
import pytest

from docs.figures.fourier import microseconds, slow_dft, turning_vectors


@pytest.mark.benchmark
def test_the_fft_is_far_faster_than_its_definition() -> None:
    waveform = np.random.default_rng(0).standard_normal(2048)
    slow, fast = microseconds(slow_dft, waveform, turning_vectors(2048)), microseconds(np.fft.fft, waveform)
    print(f"\n2048 samples: {slow:.0f} microseconds as defined, {fast:.0f} by the FFT")
    assert fast < slow / 20
