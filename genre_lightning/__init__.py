"""Train honest music-genre classifiers on your own songs."""
