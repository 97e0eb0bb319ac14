"""A module imports only what lies before it: load → validate → build → solve → read off → study → export."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "resilience"
ORDER = [
    "errors",
    "files",
    "processes",
    "schema",
    "words",
    "inputs",
    "model",
    "program",
    "regions",
    "certificate",
    "seen",
    "ahead",
    "solver",
    "templates",
    "reading",
    "results",
    "origins",
    "families",
    "output",
    "studies",
    "calculator",
    "economics",
    "handoff",
    "commands",
    "cli",
    "__main__",
]
CONVENIENCES = {("results", "handoff")}  # Result.to_excel, when it is called


def modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "__init__.py"
    }


def imported(path: Path) -> set[str]:
    """Modules of the package that a module imports, wherever in it; a package counts as its modules named."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "resilience":
            place = node.module.split(".")[1:]
            for alias in node.names:
                below = ".".join([*place, alias.name])
                found.add(below if below in modules() else ".".join(place))
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
            found |= {".".join(name[1:]) for name in names if name[0] == "resilience"}
    return found - {""}


def test_every_module_has_its_place() -> None:
    assert {name.split(".")[0] for name in modules()} == set(ORDER)


@pytest.mark.parametrize("name", modules())
def test_a_module_imports_only_what_lies_before_it(name: str) -> None:
    own = name.split(".")[0]
    for other in imported(modules()[name]):
        other = other.split(".")[0]
        if (own, other) not in CONVENIENCES and other != own:
            assert ORDER.index(other) < ORDER.index(own), f"{name} imports {other}"


def test_within_a_package_nothing_goes_round() -> None:
    left = {name: {other for other in imported(path) if other != name} for name, path in modules().items()}
    left["results"] = {other for other in left["results"] if not other.startswith("handoff")}
    while free := [name for name, needs in left.items() if not needs & set(left)]:
        for name in free:
            del left[name]
    assert not left
