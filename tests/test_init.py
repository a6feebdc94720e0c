import os
import subprocess
import sys

import pytest

# What PyTorch's OpenMP says of its settings as it is loaded
SHOW_SETTINGS = {"OMP_DISPLAY_ENV": "VERBOSE"}
LOAD = "import genre_lightning.features"


def spin_count(**environment):
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "GOMP_"))}
    loaded = [sys.executable, "-c", LOAD]
    done = subprocess.run(
        loaded, env=inherited | SHOW_SETTINGS | environment, capture_output=True, text=True, check=True
    )
    return [line.split("'")[1] for line in done.stderr.splitlines() if "GOMP_SPINCOUNT" in line]


@pytest.mark.skipif(sys.platform != "linux", reason="PyTorch brings another OpenMP there")
def test_threads_that_wait_soon_give_way_to_other_programs_unless_somebody_wants_it_otherwise():
    assert spin_count() == ["10000"]
    assert spin_count(GOMP_SPINCOUNT="7") == ["7"]
    assert spin_count(OMP_WAIT_POLICY="ACTIVE") not in (["10000"], [])
