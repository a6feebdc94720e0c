"""Pretrained networks and where their weights come from: musicnn (Pons and Serra 2019) and EfficientAT (Schmid, Koutini
and Widmer 2023).
"""
