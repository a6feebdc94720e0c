"""Published sets of songs, of a hub or in a folder: what is asked for, their rows, the files of songs, what is kept."""
