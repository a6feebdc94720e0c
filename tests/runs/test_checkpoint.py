import io
import os
import pickle
import sys
import zipfile

import pytest

from genre_lightning.errors import UserError
from genre_lightning.runs.checkpoint import fingerprint, read_checkpoint


class Endless:
    """What asks for more memory than there is when it is unpickled, by something that checkpoints may hold."""

    def __reduce__(self):
        return bytearray, (10**18,)


def test_a_checkpoint_that_asks_for_more_memory_than_there_is_is_damaged(tmp_path):
    with zipfile.ZipFile(written := io.BytesIO(), "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Endless(), protocol=2))
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")
    (tmp_path / "model.ckpt").write_bytes(written.getvalue())
    with pytest.raises(UserError, match=r"model\.ckpt is not a checkpoint of this program, or is damaged"):
        read_checkpoint(tmp_path / "model.ckpt")


@pytest.mark.skipif(sys.platform == "win32", reason="writes all zeros down")
def test_a_checkpoint_that_is_larger_than_any_is_not_read(tmp_path):
    (tmp_path / "model.ckpt").touch()
    os.truncate(tmp_path / "model.ckpt", 40 * 2**30)
    for read in (read_checkpoint, fingerprint):
        with pytest.raises(UserError, match=r"is damaged"):
            read(tmp_path / "model.ckpt")
