"""Sounds of other tasks than music genres, which the tool serves as it is: python -m docs.tasks NAME FOLDER."""
