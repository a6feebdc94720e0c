"""Labels by ear: which ones the model doubts, and which songs to label next."""
