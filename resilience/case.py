"""Joins a case file with its data set: resolves names, checks one against the other, picks goods and members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from resilience.casefile import PARAMETERS, CaseFile, Cutoff, nearest, read_case
from resilience.cutoffs import applies
from resilience.dataset import Dataset, read_dataset, suggest_country
from resilience.errors import Finding, InputError, errors_in
from resilience.schema import CATEGORIES


@dataclass(frozen=True)
class Case:
    """Everything a solve needs: the case file, the data set, and the names resolved to countries and goods."""

    file: CaseFile
    data: Dataset = field(repr=False)
    members: tuple[str, ...]
    credit: Mapping[str, float]
    goods: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]] = field(repr=False)
    findings: tuple[Finding, ...] = field(repr=False)

    def category(self, good: str) -> str:
        """The category of a good."""
        return str(self.data.goods.set_index("good").loc[good, "category"])

    def cutoffs(self, good: str) -> tuple[Cutoff, ...]:
        """The cutoffs that concern a good."""
        return tuple(cut for cut in self.file.cutoffs if applies(cut, good, self.category(good)))


def load(
    path: str | Path,
    *,
    overrides: Sequence[str] = (),
    goods: Sequence[str] = (),
    members: Sequence[str] = (),
    year: int | None = None,
) -> Case:
    """Read a case file and its data set and check both.

    ``overrides`` are ``key=value`` texts such as ``"survival.months=6"``; ``goods``, ``members`` and ``year``
    replace those of the file. Raises :class:`~resilience.errors.InputError` with every finding at once.
    """
    file, folder, findings = read_case(path, overrides=overrides, goods=goods, members=members, year=year)
    data = read_dataset(folder) if folder is not None else None
    if data is not None:
        findings = [*findings, *data.findings]
    if file is None or data is None:
        raise InputError(findings)
    if data.countries.empty or data.goods.empty:
        raise InputError(findings)  # what follows from an unreadable table helps nobody
    groups = {name: tuple(rows["country"]) for name, rows in data.coalitions.groupby("coalition", sort=False)}
    resolver = _Resolver(file, data, groups)
    case = resolver.case(findings)
    if errors_in(case.findings):
        raise InputError(case.findings)
    return case


def credits_of(data: Dataset, coalition: str) -> dict[str, float]:
    """Credit of every country of a coalition; blank is 1."""
    rows = data.coalitions[data.coalitions["coalition"] == coalition]
    return dict(zip(rows["country"], rows["credit"].fillna(1.0).astype(float), strict=True))


class _Resolver:
    """Looks up each name of the case file in the data set and collects what is not there."""

    def __init__(self, file: CaseFile, data: Dataset, groups: Mapping[str, tuple[str, ...]]):
        self.file = file
        self.data = data
        self.groups = groups
        self.countries = set(data.countries["country"])
        self.goods = list(data.goods["good"])
        self.findings: list[Finding] = []

    def say(self, key: str, message: str, severity: str = "error") -> None:
        self.findings.append(Finding(severity, self.file.path.name, None, key, message))

    def case(self, before: list[Finding]) -> Case:
        """The case, with errors among its findings if something does not fit."""
        members = list(dict.fromkeys(self.expand("members", self.file.members)))
        credit = self.region()
        for name in self.file.compare:
            self.expand("compare", [name])
        for member in members:
            if member not in credit:
                self.say("region", f"member {member} is not in the region; the region must hold every member")
        goods = self.chosen_goods()
        for cutoff in self.file.cutoffs:
            where = f"cutoffs.{cutoff.name}"
            cut = self.expand(f"{where}.cut", cutoff.cut)
            self.names_of_goods(f"{where}.goods", cutoff.goods or ())
            for country in cut:
                if country in members:
                    self.say(f"{where}.cut", f"{country} is a member and is hit by the cutoff itself", "warning")
            if cutoff.start > int(self.file.raw.get("survival", {}).get("months", 12)):
                self.say(f"{where}.start", "the cutoff starts after the horizon and has no effect", "warning")
        for cutoff in self.file.cutoffs:
            if cutoff.any and cutoff.any_region and self.solidarity(goods):
                self.say(
                    f"cutoffs.{cutoff.name}",
                    "any and any_region in one cutoff are not computed under solidarity; make two cutoffs of it",
                )
        self.check_tables()
        if not errors_in(self.findings):
            self.check_coverage(goods)
        for good in goods:
            if not any(applies(c, good, self.category(good)) for c in self.file.cutoffs):
                self.say("cutoffs", f"no cutoff concerns {good}; it is left out", "info")
        goods = [g for g in goods if any(applies(c, g, self.category(g)) for c in self.file.cutoffs)]
        if not goods and not errors_in(self.findings):
            self.say("goods", "no good is left to compute")
        return Case(
            self.file,
            self.data,
            tuple(members),
            credit,
            tuple(goods),
            self.groups,
            (*before, *self.findings),
        )

    def solidarity(self, goods: list[str]) -> bool:
        return any(self.file.settings(g, self.category(g))["solidarity"].value for g in goods)

    def category(self, good: str) -> str:
        rows = self.data.goods.loc[self.data.goods["good"] == good, "category"]
        return str(rows.iloc[0]) if len(rows) else ""

    def expand(self, key: str, names: Iterable[str]) -> list[str]:
        """Countries of a list of country codes and coalition names."""
        result: list[str] = []
        for name in names:
            if name in self.groups:
                result += self.groups[name]
                if name in self.countries:
                    self.say(key, f'"{name}" is a country and a coalition; taken as the coalition', "warning")
            elif name in self.countries:
                result.append(name)
            else:
                by_name = dict(zip(self.data.countries["name"], self.data.countries["country"], strict=True))
                hint = suggest_country(name, self.countries, by_name)
                if "write" not in hint:
                    hint = nearest(name, [*self.groups, *sorted(self.countries)])
                self.say(key, f'"{name}" is neither a country of countries.csv nor a coalition{hint}')
        return result

    def region(self) -> dict[str, float]:
        """Credit of every region country; a country named twice keeps the larger credit."""
        credit: dict[str, float] = {}
        for name, given in self.file.region.items():
            own = credits_of(self.data, name)
            for country in self.expand("region", [name]):
                number = own.get(country, 1.0) if given is None else given
                credit[country] = max(credit.get(country, 0.0), number)
        return credit

    def names_of_goods(self, key: str, names: Iterable[str]) -> list[str]:
        """Goods of a list of goods and categories, in the order of goods.csv."""
        chosen = set()
        for name in names:
            if name in CATEGORIES:
                chosen |= {good for good in self.goods if self.category(good) == name}
            elif name in self.goods:
                chosen.add(name)
            else:
                self.say(
                    key,
                    f'"{name}" is neither a good nor a category{nearest(name, [*self.goods, *CATEGORIES])}',
                )
        return [good for good in self.goods if good in chosen]

    def chosen_goods(self) -> list[str]:
        return self.goods if self.file.goods is None else self.names_of_goods("goods", self.file.goods)

    def check_tables(self) -> None:
        """Keys of parameter tables and overrides must be goods or categories."""
        raw = self.file.raw
        known = [*self.goods, *CATEGORIES]
        for name in raw.get("goods_override", {}):
            if name not in known:
                self.say(f"goods_override.{name}", f"unknown good or category{nearest(name, known)}")
        for parameter in PARAMETERS.values():
            value = raw.get(parameter.section, {}).get(parameter.name)
            if isinstance(value, Mapping) and not (
                parameter.kind == "surge" and set(value) <= {"delay", "rate", "max"}
            ):
                for key in value:
                    if key not in (*known, "default"):
                        self.say(
                            f"{parameter.section}.{parameter.name}.{key}",
                            f"unknown good or category{nearest(key, known)}",
                        )
        for key in raw.get("grounds", {}):
            for part in key.split("."):
                if part not in (*PARAMETERS, *known, "default", "goods_override"):
                    self.say(f"grounds.{key}", f'unknown "{part}"{nearest(part, [*PARAMETERS, *known])}')

    def check_coverage(self, goods: list[str]) -> None:
        """A table of a parameter that leaves goods out gives them the default, which must not pass unnoticed."""
        for parameter in PARAMETERS.values():
            table = self.file.raw.get(parameter.section, {}).get(parameter.name)
            settings = {g: self.file.settings(g, self.category(g))[parameter.name] for g in goods}
            left = [good for good, setting in settings.items() if setting.set_in == "default"]
            if isinstance(table, Mapping) and left and len(left) < len(goods) + 1:
                self.say(
                    f"{parameter.section}.{parameter.name}",
                    f"says nothing about {', '.join(left)}, which get the default {parameter.default!r}; add "
                    'their category or "default"',
                    "warning",
                )
