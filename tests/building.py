"""Builds of a small cache, also in other processes, which is why hardly anything is imported here."""

import multiprocessing
import time

import genre_lightning.data.building
import genre_lightning.data.cache
from genre_lightning.data.engine import Threads
from genre_lightning.features.mel import LogMel

FEATURES = LogMel(sample_rate=8000, n_fft=512, hop_length=256, n_mels=24)


def open_cache(root):
    return genre_lightning.data.cache.FeatureCache(root, FEATURES, engine=Threads(1))


def start_build(*arguments):
    """Start `build_slowly` in another process, which has nearly all imported already where the system can do that."""
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    context.set_forkserver_preload(["genre_lightning.data.cache", "genre_lightning.features.mel", "tqdm"])
    process = context.Process(target=build_slowly, args=arguments)
    process.start()
    return process


def build_slowly(root, paths, seconds_a_song):
    """Take so long for every song, and store it as soon as it is done."""
    extract = genre_lightning.data.building.extract

    def slowly(*how):
        time.sleep(seconds_a_song)
        return extract(*how)

    genre_lightning.data.building.extract = slowly
    cache = open_cache(root)
    cache.shard_bytes = 0
    assert cache.build(paths) == {}
