"""What can go wrong, in words the user can act on.

Two errors leave the package on purpose: :class:`InputError` (exit status 2) carries every finding about
the input at once, :class:`SolverError` (exit status 3) says which problem the solver did not finish.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """One remark about the input or the result; ``row`` is the line of the file, header = 1."""

    severity: str  # error, warning or info
    table: str
    row: int | None
    column: str | None
    message: str

    def __str__(self) -> str:
        place = self.table
        if self.row is not None:
            place += f", row {self.row}"
        if self.column:
            place += f", {'key' if self.table.endswith('.toml') else 'column'} {self.column}"
        return f"{self.severity}: {place}: {self.message}"


class InputError(ValueError):
    """The case file or the data set does not say what it must; holds all findings."""

    def __init__(self, findings: Iterable[Finding]):
        self.findings = list(findings)
        errors = [finding for finding in self.findings if finding.severity == "error"]
        super().__init__("\n".join(str(finding) for finding in errors))

    def __reduce__(self) -> tuple[type[InputError], tuple[list[Finding]]]:
        return type(self), (self.findings,)  # so that it passes from a worker process


class SolverError(RuntimeError):
    """The solver did not answer "optimal", or its answer failed the certificate; no number is given."""

    def __init__(self, what: str, problem: str, size: tuple[int, int, int]):
        rows, columns, nonzeros = size
        super().__init__(
            f"{problem}: {what} (linear programme of {rows} rows, {columns} columns, {nonzeros} non-zeros). "
            "No number is given for it."
        )
        self.what = what
        self.problem = problem
        self.size = size

    def __reduce__(self) -> tuple[type[SolverError], tuple[str, str, tuple[int, int, int]]]:
        return type(self), (self.what, self.problem, self.size)


def errors_in(findings: Iterable[Finding]) -> bool:
    """True if a finding forbids going on."""
    return any(finding.severity == "error" for finding in findings)


def counted(number: int, noun: str) -> str:
    """A number with its noun: 1 member, 7 members."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
