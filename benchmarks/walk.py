"""Makes docs/inside-the-model.md again: its pictures and its numbers, from the model that ships.

python -m benchmarks.walk

Every command that the page shows is run in the order of the page, in an empty folder with the
examples and the default index. What it prints is written into the page. The pictures that the
commands draw go to docs/inside/. It takes some minutes.
"""

from __future__ import annotations

import re
import shutil
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.corpus import ROOT
from benchmarks.output import say
from tests.documentation import default_index, output_of

PAGE: Final = ROOT / "docs" / "inside-the-model.md"
PICTURES: Final = ROOT / "docs" / "inside"

_BLOCK: Final = re.compile(r"```(console|text)\n\$ (tunetrace [^\n]*)\n(.*?)```", re.DOTALL)
"""A command and its output. The tests run those of `console` blocks; `text` blocks take longer."""


def _renewed(found: re.Match[str]) -> str:
    """A block with what its command prints now."""
    kind, command, _ = found.groups()
    say(f"$ {command}")
    output = output_of(command)
    return f"```{kind}\n$ {command}\n{output}\n```" if output else f"```{kind}\n$ {command}\n```"


def main() -> None:
    """Run the page's commands; write their output and their pictures."""
    with TemporaryDirectory() as name, default_index(Path(name)):
        shutil.copytree(ROOT / "examples", Path(name) / "examples")
        with chdir(name):
            text = _BLOCK.sub(_renewed, PAGE.read_text(encoding="utf-8"))
            PICTURES.mkdir(exist_ok=True)
            for picture in Path().glob("*.png"):
                shutil.copyfile(picture, PICTURES / picture.name)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
