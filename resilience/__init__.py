"""Economic-coercion resilience calculator: how large must the regional share of each critical good be?

>>> import resilience
>>> case = resilience.load("models/g7-china.toml")      # doctest: +SKIP
>>> result = resilience.solve(case)                     # doctest: +SKIP
>>> result.requirements                                 # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resilience.calculator import compare, solve
    from resilience.case import Case, load
    from resilience.designs import read_study
    from resilience.errors import Finding, InputError, SolverError
    from resilience.frontiers import frontier
    from resilience.results import Result
    from resilience.studies import Study, study

__all__ = [
    "Case",
    "Finding",
    "InputError",
    "Result",
    "SolverError",
    "Study",
    "compare",
    "frontier",
    "load",
    "read_study",
    "solve",
    "study",
]

_HOMES = {
    "Case": "case",
    "Finding": "errors",
    "InputError": "errors",
    "Result": "results",
    "SolverError": "errors",
    "Study": "studies",
    "compare": "calculator",
    "frontier": "frontiers",
    "load": "case",
    "read_study": "designs",
    "solve": "calculator",
    "study": "studies",
}


def __getattr__(name: str) -> Any:
    """Import on first use, so that ``resilience --help`` need not wait for pandas and Pyomo."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"resilience.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'resilience' has no attribute {name!r}")
