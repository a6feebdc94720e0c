import numpy as np
import pytest

from genre_lightning.pretrained.bundle import read_bundle, varint

TENSORS = {
    "batch_normalization/beta": np.array([0.5], np.float32),
    "batch_normalization/gamma": np.arange(200, dtype=np.float32),
    "conv2d/kernel": np.arange(24, dtype=np.float32).reshape(2, 3, 1, 4),
    "conv2d_1/kernel": np.ones((3, 1), np.float32),
    "power": np.float32(7),
}


@pytest.mark.parametrize("in_a_block", [1, 2, 100])
def test_every_tensor_comes_back_with_its_name_and_shape(write_bundle, in_a_block):
    tensors = {name: np.asarray(tensor) for name, tensor in TENSORS.items()}
    found = read_bundle(*write_bundle(tensors, in_a_block=in_a_block))
    assert set(found) == set(tensors)
    for name, tensor in tensors.items():
        assert found[name].shape == tensor.shape and found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], tensor)


def test_tensors_of_other_types_are_left_out(write_bundle):
    tensors = {"steps": np.array([3], np.int64), "weights": np.ones(2, np.float32)}
    assert set(read_bundle(*write_bundle(tensors, others={"steps"}))) == {"weights"}


def test_what_is_no_bundle_is_refused(write_bundle):
    index, data = write_bundle({"weights": np.ones(2, np.float32)})
    with pytest.raises(ValueError, match="not a tensor bundle"):
        read_bundle(index[:-1], data)
    with pytest.raises(ValueError, match="not a tensor bundle"):
        read_bundle(b"", data)


def test_a_compressed_index_is_refused(write_bundle):
    index, data = write_bundle({"weights": np.ones(2, np.float32)}, compression=1)
    with pytest.raises(ValueError, match="compressed"):
        read_bundle(index, data)


@pytest.mark.parametrize(("written", "number"), [(b"\x00", 0), (b"\x7f", 127), (b"\x80\x01", 128), (b"\xac\x02", 300)])
def test_integers_have_seven_bits_a_byte(written, number):
    assert varint(b"?" + written + b"?", 1) == (number, 1 + len(written))
