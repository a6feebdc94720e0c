"""Pretrained networks and where their weights come from: musicnn (Pons and Serra 2019)."""
