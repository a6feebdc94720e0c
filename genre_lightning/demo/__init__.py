"""Composes the demo songs: habits -> score -> instruments -> mix."""
