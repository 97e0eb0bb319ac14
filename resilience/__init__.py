"""Economic-coercion resilience calculator: how large must the regional share of each critical good be?

>>> import resilience
>>> case = resilience.load("models/g7-china.toml")      # doctest: +SKIP
>>> result = resilience.solve(case)                     # doctest: +SKIP
>>> result.requirements                                 # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resilience.calculator import compare, solve, with_frontiers
    from resilience.economics.burden import burden
    from resilience.economics.security import sanctions, threat, tiers
    from resilience.errors import Finding, InputError, SolverError
    from resilience.handoff.form_workbook import write_form
    from resilience.handoff.report import write_report
    from resilience.inputs.case import Case, load
    from resilience.results import Result, read_result
    from resilience.studies.frontiers import frontier
    from resilience.studies.runner import Study, study
    from resilience.studies.study_file import read_study

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
    "with_frontiers",
    "write_form",
    "write_report",
]

_HOMES = {
    "Case": "inputs.case",
    "Finding": "errors",
    "InputError": "errors",
    "Result": "results",
    "SolverError": "errors",
    "Study": "studies.runner",
    "burden": "economics.burden",
    "compare": "calculator",
    "frontier": "studies.frontiers",
    "load": "inputs.case",
    "read_result": "results",
    "read_study": "studies.study_file",
    "sanctions": "economics.security",
    "solve": "calculator",
    "study": "studies.runner",
    "threat": "economics.security",
    "tiers": "economics.security",
    "with_frontiers": "calculator",
    "write_form": "handoff.form_workbook",
    "write_report": "handoff.report",
}


def __getattr__(name: str) -> Any:
    """Import on first use, so that ``resilience --help`` need not wait for pandas and Pyomo."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"resilience.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'resilience' has no attribute {name!r}")
