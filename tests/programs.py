"""Programs of the system that some tests need."""

from __future__ import annotations

import os
import shutil

import pytest


def needed(program: str) -> str:
    """The path of a program; where there is none the test is skipped.

    Where TUNETRACE_SHARED is set, as in CI, its absence is a failure.
    """
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if path is None:
        if os.environ.get("TUNETRACE_SHARED"):
            pytest.fail(f"{program} is not installed")
        pytest.skip(f"{program} is not installed")
    return path
