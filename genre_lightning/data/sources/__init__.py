"""Where a catalogue comes from: one file for each choice of the config group `data`."""
