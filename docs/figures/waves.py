"""Section 1 of the theory: a wave's amplitude, phase and frequency, and what sampling makes of it."""

PICTURES = {}
SOUNDS = {}
