"""The networks: one file for each choice of the config group `model`."""
