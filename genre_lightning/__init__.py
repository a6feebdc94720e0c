"""Train honest music-genre classifiers on your own songs."""

import os

# For how many rounds the threads of a computation spin before they sleep, while one waits for the other; PyTorch's
# OpenMP reads it when it is loaded. With the usual 300,000, two runs at once spin through each other's turns.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
