"""What genre is a song: a finished run, or a file exported from one, predicts."""
