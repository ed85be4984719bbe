"""Work as a user who may not do everything, also where tests are run by root."""

from __future__ import annotations

import os
import pickle
import pwd
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def as_a_user(work: Callable[[], Any]) -> Any:
    """What work gives, done by a user who is not root: by `nobody`, in a process of its own, if
    root runs the tests.

    What it imports must be imported before: Python may be in a folder that only root can read.
    """
    if os.geteuid() != 0:
        return work()
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryFile() as said:
        with warnings.catch_warnings():
            # Other threads of the tests wait, and hold nothing that is needed here.
            warnings.simplefilter("ignore", DeprecationWarning)
            process = os.fork()
        if not process:
            try:
                os.setgroups([])
                os.setgid(nobody.pw_gid)
                os.setuid(nobody.pw_uid)
                try:
                    found = (work(), None)
                except BaseException as error:
                    found = (None, error)
                said.write(pickle.dumps(found))
                said.flush()
            finally:
                os._exit(0)
        os.waitpid(process, 0)
        said.seek(0)
        answer, error = pickle.loads(said.read())
    if error is not None:
        raise error
    return answer


@contextmanager
def folder_for_all() -> Iterator[Path]:
    """A folder that every user can look into, as those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def give(path: Path) -> None:
    """Give a file or a folder to the user who does the work."""
    if os.geteuid() == 0:
        shutil.chown(path, "nobody")
