import pytest
import torch
from omegaconf import OmegaConf

from genre_lightning.data.spec import FORMAT_VERSION
from genre_lightning.runs.pinned import pin_encoders


@pytest.mark.parametrize(
    ("typed", "kept", "expected"),
    [
        (["a/b", "musicnn"], {"encoders": ["a/b@123", "musicnn"]}, ["a/b@123", "musicnn"]),
        (["net"], {"encoders": ["/nets/net@123"]}, ["/nets/net@123"]),  # a folder, of the one it began in
        (["a/b"], {"encoders": ["${oc.env:PATH}/b"]}, ["${oc.env:PATH}/b"]),  # looked up by nobody
        (["a/b"], {"encoders": [3]}, ["a/b"]),
        (["a/b"], None, ["a/b"]),
    ],
)
def test_it_goes_on_with_the_very_networks_of_a_hub_that_it_began_with(tmp_path, typed, kept, expected):
    spec = {"format": FORMAT_VERSION, "features": kept}
    kept = {"hyper_parameters": {"n_genres": 2}, "state_dict": {}, "GenreDataModule": spec}
    torch.save(kept, tmp_path / "last.ckpt")
    config = OmegaConf.create({"features": {"encoders": typed}})
    pin_encoders(config, tmp_path / "last.ckpt")
    assert [*config.features.encoders] == expected
