"""What models are run with, and what is said where it is not installed."""

from __future__ import annotations

import importlib.util
from typing import Final

from tunetrace.errors import ModelFileError

_NEEDED: Final = ("torch", "safetensors")


def require_torch() -> None:
    """See that PyTorch and safetensors can be imported; ModelFileError where they cannot."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelFileError(
            f"models are run with {' and '.join(_NEEDED)}, of which {' and '.join(missing)} cannot "
            "be found here; install what it needs with: pip install 'tunetrace[model]'"
        )
