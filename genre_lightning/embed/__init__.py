"""python embed.py: every song as the model sees it, and a map of them."""
