"""The map as a page to look at and to listen to: one file that opens offline."""
