"""The tests of the JavaScript that needs no browser: each *.test.mjs beside this file and below."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
OLDEST = 20


def node():
    found = shutil.which("node")
    version = subprocess.check_output([found, "--version"], text=True) if found else ""
    number = re.match(r"v(\d+)", version)
    if not number or int(number[1]) < OLDEST:
        pytest.skip(f"needs node {OLDEST} or newer, of https://nodejs.org")
    return found


def test_the_parts_of_the_pages_that_need_no_browser_work():
    tests = sorted(TESTS.rglob("*.test.mjs"))
    assert tests
    ran = subprocess.run([node(), "--test", *tests], capture_output=True, encoding="utf-8", check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
