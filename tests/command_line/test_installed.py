import importlib.util
from importlib.metadata import version

from genre_lightning.command_line import installed
from genre_lightning.command_line.installed import CALLED, packages
from genre_lightning.errors import requirements


def test_a_bug_report_says_which_package_cannot_be_loaded_or_is_not_installed(monkeypatch):
    def load(name):
        if name == "soxr":
            raise OSError("lib.so: undefined symbol")

    monkeypatch.setattr(installed, "import_module", load)
    monkeypatch.setattr("importlib.metadata.requires", lambda _: ["soxr>=1", "scikit-learn", "nothing-like-it"])
    assert dict(packages()) == {
        "soxr": f"{version('soxr')}, cannot be loaded (OSError: lib.so: undefined symbol)",
        "scikit-learn": version("scikit-learn"),
        "nothing-like-it": "not installed",
    }


def test_a_bug_report_knows_every_required_package_and_its_module():
    required = dict(requirements("genre_lightning", extra="onnx"))
    assert {"torch", "hydra-core", "onnxruntime"} < required.keys() and "pytest" not in required
    assert all(importlib.util.find_spec(CALLED.get(name, name.replace("-", "_"))) for name in required)
