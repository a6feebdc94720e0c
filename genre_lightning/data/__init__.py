"""From files to batches: which songs there are, their features in the cache, their splits, and windows of them."""
