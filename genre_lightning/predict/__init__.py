"""What genre is this file: a finished run, or a file exported from it, judges songs."""
