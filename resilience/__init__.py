"""Economic-coercion resilience calculator: how large must the regional share of each critical good be?

>>> import resilience
>>> case = resilience.load("models/g7-china.toml")      # doctest: +SKIP
>>> result = resilience.solve(case)                     # doctest: +SKIP
>>> result.requirements                                 # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resilience.burden_tables import burden
    from resilience.calculator import compare, solve
    from resilience.case import Case, load
    from resilience.designs import read_study
    from resilience.errors import Finding, InputError, SolverError
    from resilience.form_workbook import write_form
    from resilience.frontiers import frontier
    from resilience.report import write_report
    from resilience.results import Result, read_result
    from resilience.security import sanctions, threat, tiers
    from resilience.studies import Study, study

__all__ = [
    "Case",
    "Finding",
    "InputError",
    "Result",
    "SolverError",
    "Study",
    "burden",
    "compare",
    "frontier",
    "load",
    "read_result",
    "read_study",
    "sanctions",
    "solve",
    "study",
    "threat",
    "tiers",
    "write_form",
    "write_report",
]

_HOMES = {
    "Case": "case",
    "Finding": "errors",
    "InputError": "errors",
    "Result": "results",
    "SolverError": "errors",
    "Study": "studies",
    "burden": "burden_tables",
    "compare": "calculator",
    "frontier": "frontiers",
    "load": "case",
    "read_result": "results",
    "read_study": "designs",
    "sanctions": "security",
    "solve": "calculator",
    "study": "studies",
    "threat": "security",
    "tiers": "security",
    "write_form": "form_workbook",
    "write_report": "report",
}


def __getattr__(name: str) -> Any:
    """Import on first use, so that ``resilience --help`` need not wait for pandas and Pyomo."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"resilience.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'resilience' has no attribute {name!r}")
