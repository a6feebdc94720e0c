"""Frozen networks that hear: one file for each, named in `features.encoders`."""
