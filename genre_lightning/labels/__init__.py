"""Labels by ear: which ones the model doubts."""
