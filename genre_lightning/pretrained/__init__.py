"""Pretrained networks and where their weights come from: musicnn (Pons and Serra 2019), EfficientAT (Schmid, Koutini
and Widmer 2023), and networks of a hub that `transformers` has.
"""
