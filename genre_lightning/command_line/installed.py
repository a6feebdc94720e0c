"""What is installed of all that this project requires: genre-lightning info"""

from collections.abc import Iterator
from importlib import import_module

from genre_lightning.errors import reason, requirements

# Packages whose module has another name.
CALLED = {"hydra-core": "hydra", "pillow": "PIL", "scikit-learn": "sklearn", "umap-learn": "umap"}


def packages() -> Iterator[tuple[str, str]]:
    """Each package that this project requires, with its version; and why, if it cannot be loaded."""
    for name, found in requirements("genre_lightning", extra="onnx"):
        try:
            if found is not None:
                import_module(CALLED.get(name, name.replace("-", "_")))
            yield name, found or "not installed"
        except Exception as error:  # an import can raise anything
            yield name, f"{found}, cannot be loaded ({reason(error)})"
