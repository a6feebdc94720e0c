"""The folders that train.py makes, and the finished runs read back from them."""
