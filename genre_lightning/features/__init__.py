"""From a waveform to what a network reads: one file for each kind of features."""
