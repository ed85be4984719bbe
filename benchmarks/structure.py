"""How the package is laid out: its size, the order of its rooms, cycles, and what a check loads.

python -m benchmarks.structure
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.corpus import ROOT
from benchmarks.output import say

PACKAGE: Final = "tunetrace"

ROOMS: Final[dict[str, str]] = {
    "errors text files documents progress records arguments garbage interrupts _version": "base",
    "tokenizer": "tokenizer",
    "score": "score",
    "score.book": "books",
    "notation": "notation",
    "corpus": "corpus",
    "indexer.records indexer.filters": "answers",
    "indexer.bars.segment indexer.music indexer.near indexer.queries indexer.search.outline "
    "indexer.search.projections indexer.search.segment indexer.search.suffix "
    "indexer.search.views": "arrays",
    "indexer.store": "store",
    "cluster": "cluster",
    "indexer": "indexer",
    "checker": "checker",
    "model.sampling": "sampling",
    "model.training": "training",
    "model.inspect": "inspect",
    "model": "model",
    "plots": "plots",
    "reports": "reports",
    "web": "web",
    "commands cli __main__": "commands",
}
"""The room of each module: that of the longest name that its own begins with. A module that none
names has no room, and may neither import nor be imported."""

MAY_IMPORT: Final[dict[str, str]] = {
    "base": "",
    "tokenizer": "base",
    "score": "base tokenizer corpus",
    "notation": "base tokenizer",
    "corpus": "base tokenizer notation",
    "answers": "base tokenizer corpus",
    "arrays": "base tokenizer",
    "store": "base tokenizer corpus answers arrays",
    "cluster": "base",
    "indexer": "base tokenizer score corpus answers arrays store cluster",
    "checker": "base tokenizer score corpus answers arrays store indexer cluster",
    "books": "base tokenizer score corpus answers arrays store indexer checker",
    "model": "base tokenizer",
    "sampling": "base tokenizer corpus answers arrays store indexer checker model",
    "training": "base tokenizer corpus answers arrays store indexer checker model sampling plots",
    "inspect": "base tokenizer corpus answers arrays store indexer checker model sampling training",
    "plots": "base tokenizer corpus answers arrays store indexer checker model training inspect",
    "reports": "base tokenizer score corpus answers arrays store indexer cluster checker plots",
    "web": (
        "base tokenizer score corpus answers arrays store indexer checker model sampling plots "
        "reports books"
    ),
    "commands": (
        "base tokenizer score corpus answers arrays store indexer checker model sampling training "
        "inspect plots reports books web"
    ),
}
"""The rooms that each room may import, besides itself."""

ALSO: Final = {("model", "corpus.fetch"), ("model", "corpus.origins"), ("model", "corpus.registry")}
"""(room, module): a published model is fetched and named as a published corpus is."""

BETWEEN_FILES: Final = range(3, 11)
"""How many modules a folder has; commands/ has one for each command."""
LONGEST_FILE: Final = 500

FORWARDS_FOR_A_REASON: Final[dict[str, str]] = {
    "indexer.index.Index.rejects": "a public question, whose SQL is the catalogue's",
    "indexer.index.Index.resolve": "a public question, whose SQL is the catalogue's",
    "model.training.history.guess_loss": "it gives a formula its name",
    "checker.compare.summary.BatchTally.set_aside": "it gives a count its name",
}
"""Functions that only call another with the same arguments, and why each is there."""


@dataclass(frozen=True)
class Import:
    """One module imports another. is_for_types: under TYPE_CHECKING, so that nothing is loaded."""

    importer: str
    imported: str
    is_for_types: bool


@dataclass(frozen=True)
class Module:
    """A module of the package: its name without `tunetrace.`, its text and its syntax tree."""

    name: str
    path: Path
    text: str
    tree: ast.Module


def read_package() -> dict[str, Module]:
    """The modules of the package by name; a folder's __init__ has the name of the folder."""
    modules = {}
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT / PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text(encoding="utf-8")
        modules[name] = Module(name, path, text, ast.parse(text))
    return modules


def room_of(module: str) -> str:
    """The room of a module, as `sampling` for `model.sampling.beam`; empty where it has none."""
    rooms = {name: room for names, room in ROOMS.items() for name in names.split()}
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        room = rooms.get(".".join(parts[:length]))
        if room is not None:
            return room
    return ""


def imports_in(modules: Mapping[str, Module]) -> list[Import]:
    """Every import of a module of the package by another, wherever in the file it is."""
    public = _public_names()
    found: dict[Import, None] = {}
    for module in modules.values():
        if not module.name:
            continue  # the table of public names
        for node, is_for_types in _statements(module.tree):
            for imported in _imported(node, modules, public):
                if imported != module.name:
                    found[Import(module.name, imported, is_for_types)] = None
    return list(found)


def _public_names() -> dict[str, str]:
    """The module that each public name is loaded from."""
    stub = ast.parse((ROOT / PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    return {
        alias.name: node.module or ""
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _statements(tree: ast.AST, is_for_types: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """Every import statement, and whether it is under TYPE_CHECKING."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, is_for_types
        is_guard = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        yield from _statements(node, is_for_types or is_guard)


def _imported(
    node: ast.AST, modules: Mapping[str, Module], public: Mapping[str, str]
) -> Iterator[str]:
    """The modules of the package that a statement imports."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.startswith(f"{PACKAGE}."):
                yield alias.name.removeprefix(f"{PACKAGE}.")
    elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
        module = (node.module or "").removeprefix(PACKAGE).removeprefix(".")
        for alias in node.names:
            inner = f"{module}.{alias.name}".removeprefix(".")
            if inner in modules:
                yield inner
            elif module:
                yield module
            elif alias.name in public:
                yield public[alias.name]


def against_the_order(imports: Iterable[Import]) -> list[Import]:
    """The imports that MAY_IMPORT and ALSO do not allow; those for types alone among them."""
    found = []
    for one in imports:
        room, other = room_of(one.importer), room_of(one.imported)
        is_allowed = other in (room, *MAY_IMPORT.get(room, "").split())
        if not (room and is_allowed) and (room, one.imported) not in ALSO:
            found.append(one)
    return found


def cycles(imports: Iterable[Import]) -> list[list[str]]:
    """The groups of modules that import each other in a circle (Tarjan 1972)."""
    edges: dict[str, list[str]] = {}
    for one in imports:
        edges.setdefault(one.importer, []).append(one.imported)
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(module: str) -> None:
        order[module] = lowest[module] = len(order)
        stack.append(module)
        for other in edges.get(module, ()):
            if other not in order:
                visit(other)
                lowest[module] = min(lowest[module], lowest[other])
            elif other in stack:
                lowest[module] = min(lowest[module], order[other])
        if lowest[module] == order[module]:
            start = stack.index(module)
            if len(stack) - start > 1:
                found.append(sorted(stack[start:]))
            del stack[start:]

    for module in sorted(edges):
        if module not in order:
            visit(module)
    return found


def forwarding(modules: Mapping[str, Module]) -> list[str]:
    """The functions whose whole body calls another with the same arguments, as `room.file.name`."""
    found = []
    for module in modules.values():
        for path, function in _functions(module.tree, ()):
            if _only_forwards(function):
                found.append(".".join((module.name, *path)))
    return found


def _functions(
    tree: ast.AST, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], ast.FunctionDef]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            yield (*path, node.name), node
        name = (node.name,) if isinstance(node, ast.ClassDef | ast.FunctionDef) else ()
        yield from _functions(node, path + name)


def _only_forwards(function: ast.FunctionDef) -> bool:
    given = function.args
    body = [node for node in function.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    if ast.get_docstring(function) is not None:
        body = body[1:]
    if len(body) != 1 or not isinstance(body[0], ast.Return | ast.Expr):
        return False
    call = body[0].value
    if isinstance(call, ast.YieldFrom):
        call = call.value
    if not isinstance(call, ast.Call) or not _is_dotted_name(call.func):
        return False
    parameters = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    if given.vararg or given.kwarg:
        return False
    if parameters[:1] in (["self"], ["cls"]):
        parameters = parameters[1:]
    taken = [*call.args, *(keyword.value for keyword in call.keywords)]
    names = [one.id if isinstance(one, ast.Name) else "" for one in taken]
    named_alike = all(
        isinstance(one.value, ast.Name) and one.arg == one.value.id for one in call.keywords
    )
    return names == parameters and named_alike


def _is_dotted_name(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def odd_folders(modules: Mapping[str, Module]) -> dict[str, int]:
    """The folders with too few or too many modules and folders in them, and how many."""
    inside: dict[str, set[str]] = {}
    for name in filter(None, modules):
        parts = name.split(".")
        for depth in range(1, len(parts)):
            inside.setdefault(".".join(parts[:depth]), set()).add(parts[depth])
    return {
        folder: len(names)
        for folder, names in sorted(inside.items())
        if len(names) not in BETWEEN_FILES and folder.split(".")[0] != "commands"
    }


def shared_class_names(modules: Mapping[str, Module]) -> dict[str, list[str]]:
    """The names that more than one class has, and the modules of these classes."""
    found: dict[str, list[str]] = {}
    for module in modules.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(module.name)
    return {name: places for name, places in sorted(found.items()) if len(places) > 1}


def loaded_by_check() -> list[str]:
    """The modules of the package that are loaded when `tunetrace check` checks one tune."""
    code = (
        "import json, sys\n"
        "from tunetrace.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "names = [name for name in sys.modules if name.startswith('tunetrace.')]\n"
        "print(json.dumps(names), file=sys.stderr)"
    )
    post = str(ROOT / "examples" / "post.txt")
    with TemporaryDirectory() as folder:
        index = str(Path(folder) / "tunes.db")
        for arguments in (
            ["index", "build", post, "--index", index],
            ["check", post, "--index", index],
        ):
            done = subprocess.run(
                [sys.executable, "-c", code, *arguments],
                cwd=ROOT, check=True, capture_output=True, text=True,
            )  # fmt: skip
    names: list[str] = json.loads(done.stderr.splitlines()[-1])
    return sorted(name.removeprefix(f"{PACKAGE}.") for name in names)


def main() -> None:
    """Print all of this in lines of at most 80 characters."""
    modules = read_package()
    imports = imports_in(modules)
    folders = {module.path.parent for module in modules.values()}
    lines = {module.path: len(module.text.splitlines()) for module in modules.values()}
    say(f"{len(folders)} folders, {len(modules)} files, {sum(lines.values()):,} lines of Python")

    broken = against_the_order(imports)
    loaded = [one for one in broken if not one.is_for_types]
    _list(
        f"Imports against the order of rooms: {len(loaded)}, "
        f"and {len(broken) - len(loaded)} for types only",
        (
            f"{one.importer} -> {one.imported}{' (types)' * one.is_for_types}"
            for one in broken
        ),
    )  # fmt: skip
    found = cycles(one for one in imports if not one.is_for_types)
    with_types = [group for group in cycles(imports) if group not in found]
    _list(
        f"Cycles of imports: {len(found)}, and {len(with_types)} with imports for types",
        (", ".join(group) for group in [*found, *with_types]),
    )
    forwards = forwarding(modules)
    unexplained = [name for name in forwards if name not in FORWARDS_FOR_A_REASON]
    _list(
        f"Functions that only forward: {len(forwards)}, {len(unexplained)} of them unexplained",
        (f"{name}: {FORWARDS_FOR_A_REASON.get(name, 'delete it')}" for name in forwards),
    )
    names = shared_class_names(modules)
    _list(
        f"Names that two classes share: {len(names)}",
        (f"{name}: {', '.join(places)}" for name, places in names.items()),
    )
    _list(
        f"Folders with fewer than {BETWEEN_FILES.start} or more than {BETWEEN_FILES.stop - 1}"
        " modules or folders in them",
        (f"{folder}: {size}" for folder, size in odd_folders(modules).items()),
    )
    _list(
        f"Files of more than {LONGEST_FILE} lines",
        (
            f"{path.relative_to(ROOT)}: {count}"
            for path, count in lines.items()
            if count > LONGEST_FILE
        ),
    )
    check = loaded_by_check()
    rooms = Counter(room_of(name) for name in check)
    parts = ", ".join(f"{count} of {room}" for room, count in rooms.items())
    _list(f"Modules that a check loads: {len(check)}", [parts])


def _list(heading: str, rows: Iterable[str]) -> None:
    say()
    shown = list(rows)
    say(f"{heading}{':' if shown else '.'}")
    for row in shown:
        say(f"  {row}")


if __name__ == "__main__":
    main()
