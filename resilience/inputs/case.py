"""Joins a case file with its data set: resolves names, checks one against the other, picks goods and members."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from resilience.errors import Finding, InputError, errors_in
from resilience.inputs.balance import year_of
from resilience.inputs.burden_settings import BURDEN
from resilience.inputs.casefile import CaseFile, Cutoff, path_of, read_case
from resilience.inputs.cutoffs import applies
from resilience.inputs.dataset import Dataset, read_dataset
from resilience.inputs.form_back import Form
from resilience.inputs.incoming import KINDS
from resilience.inputs.parameters import CUTOFF_KEYS, PARAMETERS, SECTIONS, is_surge
from resilience.inputs.recipes import Recipe, final_first, groups, recipes_of, upstream
from resilience.inputs.sanctions_settings import (
    BY_GOOD,
    PARTNERS_KEYS,
    SANCTIONS_KEYS,
    THREAT_KEYS,
    named_countries,
)
from resilience.inputs.suggestions import country_hint, country_meant, nearest
from resilience.schema import CATEGORIES

NOT_A_CASE = (".xlsx", *KINDS)


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
    recipes: tuple[Recipe, ...] = ()
    families: tuple[tuple[str, ...], ...] = ()
    form: str = ""  # name of the form that went over it, "" without one
    taken: int = 0  # entries of that form that changed something

    @property
    def all_goods(self) -> tuple[str, ...]:
        """The goods of the case and those that go into them, final goods first within each family."""
        return tuple(good for family in self.families for good in family)

    def family(self, good: str) -> tuple[str, ...]:
        """The goods that hang together with one by essential recipes or substitution, final goods first."""
        return next((family for family in self.families if good in family), (good,))

    def links(self, good: str) -> tuple[Recipe, ...]:
        """The recipes of a good whose inputs are in the case."""
        return tuple(recipe for recipe in self.recipes if recipe.good == good)

    def category(self, good: str) -> str:
        """The category of a good."""
        return self.data.categories[good]

    def cutoffs(self, good: str) -> tuple[Cutoff, ...]:
        """The cutoffs that concern a good or its family; one that leaves the good itself alone takes nothing."""
        family = self.family(good)
        concerning = [c for c in self.file.cutoffs if any(applies(c, g, self.category(g)) for g in family)]
        return tuple(
            cut
            if applies(cut, good, self.category(good))
            else replace(cut, cut={}, any=0, any_region=0, all_outsiders=False)
            for cut in concerning
        )


def load(
    path: str | Path,
    *,
    overrides: Sequence[str] = (),
    goods: Sequence[str] = (),
    members: Sequence[str] = (),
    year: int | None = None,
    inputs: str | Path | None = None,
) -> Case:
    """Read a case file and its data set and check both.

    ``inputs`` is a filled form (``resilience template`` writes it) whose values go over the case and the data set;
    ``path`` may be a form itself, which names its case. ``overrides`` are ``key=value`` texts such as
    ``"survival.months=6"``; ``goods``, ``members`` and ``year`` replace those of the file. Raises
    :class:`~resilience.errors.InputError` with every finding at once.
    """
    path, form = with_form(path, inputs)
    options: dict[str, Any] = {"overrides": overrides, "goods": goods, "members": members, "year": year}
    if form is None:
        return _load(path, options)
    outdone = [text.partition("=")[0].strip() for text in overrides]
    outdone += [name for name in ("goods", "members", "year") if options[name]]
    try:
        case = _load(path, options, form)
    except InputError as error:
        form.forget(outdone)
        raise InputError(form.all_placed(error.findings)) from None
    form.forget(outdone)
    case = replace(case, findings=form.all_placed(case.findings), form=form.path.name, taken=form.taken)
    if errors_in(case.findings):
        raise InputError(case.findings)
    return case


def with_form(path: str | Path, inputs: str | Path | None) -> tuple[Path, Form | None]:
    """The case file and the form over it, where ``path`` is a form or ``inputs`` names one.

    Raises :class:`~resilience.errors.InputError` if the form does not lead to a case file.
    """
    path = Path(path)
    if inputs is not None:
        return path, Form(Path(inputs))
    if path.suffix.lower() in NOT_A_CASE:
        form = Form(path)
        return form.case_path(), form
    return path, None


def _load(path: Path, options: Mapping[str, Any], form: Form | None = None) -> Case:
    file, folder, findings = read_case(path, **options, inputs=None if form is None else form.into)
    data = read_dataset(folder) if folder is not None else None
    if data is not None:
        findings = [*findings, *data.findings]
        if form is not None and not errors_in(data.findings):
            data = form.over(data, None if file is None else file.year)
    if file is None or data is None:
        raise InputError(findings)
    for name, frame in (("goods", data.goods), ("countries", data.countries)):
        if frame.empty and not errors_in(data.findings):
            findings = [*findings, Finding("error", name, None, None, "the table holds no row; fill it in")]
    if data.countries.empty or data.goods.empty or "coalitions" in data.unread:
        raise InputError(findings)  # what follows from an unreadable table helps nobody
    return resolve(file, data, findings)


def resolve(file: CaseFile, data: Dataset, findings: Sequence[Finding] = ()) -> Case:
    """Look up the names of a case file in a data set.

    ``findings`` are those of reading the two. Raises :class:`~resilience.errors.InputError` with every finding.
    """
    groups = {name: tuple(rows["country"]) for name, rows in data.coalitions.groupby("coalition", sort=False)}
    case = _Resolver(file, data, groups).case(list(findings))
    if errors_in(case.findings):
        raise InputError(case.findings)
    return case


def nothing_to_compute(case: Case) -> Finding:
    """The error where no good of a case has figures, with the years of which there are any."""
    frames = (case.data.flows, case.data.balances)
    years = {int(year) for frame in frames for year in frame.loc[frame["good"].isin(case.goods), "year"]}
    if not years:
        reason = "the data set has no flows or balances of the goods"
    elif min(years) > case.file.year:
        listed = ", ".join(str(year) for year in sorted(years))
        reason = f"no good has data of {case.file.year} or earlier; the data set has them of {listed}"
    else:
        reason = "no member's demand for any good is known and above zero"
    message = f"no requirement can be computed: {reason}"
    return Finding("error", case.file.path.name, None, "year" if years else "goods", message)


def credits_of(data: Dataset, coalition: str) -> dict[str, float]:
    """Credit of every country of a coalition; blank is 1."""
    rows = data.coalitions[data.coalitions["coalition"] == coalition]
    return dict(zip(rows["country"], rows["credit"].fillna(1.0).astype(float), strict=True))


def unknown_keys(file: CaseFile, goods: Collection[str]) -> list[Finding]:
    """An error for every key of the parameter tables and overrides that is neither a good nor a category."""
    raw, found = file.raw, []

    def check(key: str, where: str) -> None:
        if key not in goods and key not in CATEGORIES:
            message = f"unknown good or category{nearest(key, [*goods, *CATEGORIES])}"
            found.append(Finding("error", file.path.name, None, f"{where}.{key}", message))

    tables = {section: raw.get(section, {}) for section in SECTIONS}
    for name, table in raw.get("goods_override", {}).items():
        check(name, "goods_override")
        tables[f"goods_override.{name}"] = table
    for where, table in tables.items():
        for name, value in table.items():
            if not isinstance(value, Mapping) or name not in PARAMETERS:
                continue
            if PARAMETERS[name].kind == "surge" and is_surge(value):
                continue
            for key in value:
                if key != "default":
                    check(key, f"{where}.{name}")
    return found


def unknown_country(name: str, data: Dataset, groups: Iterable[str]) -> str:
    """The message for a name that is neither a country nor a coalition, with what was probably meant."""
    hint = country_hint(name, data.names(), groups)
    return f'"{name}" is neither a country of countries.csv nor a coalition{hint}'


def unknown_member(name: str, data: Dataset, members: Sequence[str]) -> str:
    """The message for a name that is none of the members, with the one that was probably meant."""
    meant = country_meant(name, data.names())
    known = meant is not None and meant in members
    hint = country_hint(name, data.names()) if known else nearest(name, members)
    return f'"{name}" is no member of the case{hint}'


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
            if goods and cutoff.start > max(self.setting(good, "months") for good in goods):
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
        recipes, families = self.chains(goods)
        concerned = {
            good
            for family in families
            if any(applies(c, g, self.category(g)) for c in self.file.cutoffs for g in family)
            for good in family
        }
        for good in goods:
            if good not in concerned:
                self.say("cutoffs", f"no cutoff concerns {good}; it is left out", "info")
        goods = [good for good in goods if good in concerned]
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
            recipes,
            tuple(tuple(family) for family in families if concerned.intersection(family)),
        )

    def chains(self, goods: list[str]) -> tuple[tuple[Recipe, ...], list[list[str]]]:
        """The recipes of the case, and all its goods with their essential inputs in families."""
        wanted = {good for good in self.goods if self.file.settings(good, self.category(good))["chains"].value}
        known = recipes_of(self.data.recipes) if not errors_in(self.data.findings) else ()
        for good, names in self.file.essential.items():
            for name in names:
                if not any((recipe.good, recipe.input) == (good, name) for recipe in known):
                    inputs = [recipe.input for recipe in known if recipe.good == good]
                    message = f'recipes.csv has no recipe of "{good}" with "{name}"'
                    self.say(f"essential.{good}", message + (nearest(name, inputs) if inputs else ""))
        recipes = []
        for recipe in known:
            if recipe.input in self.file.essential.get(recipe.good, ()):
                recipe = replace(recipe, essential=True)
            if recipe.good not in wanted:
                continue
            if year_of(recipe.input, self.data, self.file.year) is not None:
                recipes.append(recipe)
            elif recipe.good in goods:
                self.say(
                    "goods",
                    f"{recipe.good} is made of {recipe.input}, but there are no flows or balances of "
                    f"{recipe.input} up to {self.file.year}; this input is left out, so the result is too kind",
                    "warning",
                )
        together = [tuple(group.goods) for group in self.file.substitutes]
        for group in self.file.substitutes:
            self.names_of_goods(f"substitutes.{group.name}.goods", group.goods)
        essential = [recipe for recipe in recipes if recipe.essential]
        everything = list(goods)
        for good in everything:  # grows while it is walked through
            more = [recipe.input for recipe, _ in upstream(good, essential)]
            more += [other for group in together if good in group for other in group if other in self.goods]
            everything += [name for name in dict.fromkeys(more) if name not in everything]
        recipes = [recipe for recipe in recipes if {recipe.good, recipe.input} <= set(everything)]
        ties = [(recipe.good, recipe.input) for recipe in recipes if recipe.essential]
        ordered = [good for good in self.goods if good in everything]
        families = [final_first(family, essential) for family in groups(ordered, [*ties, *together])]
        return tuple(recipes), families

    def setting(self, good: str, name: str) -> Any:
        return self.file.settings(good, self.category(good))[name].value

    def solidarity(self, goods: list[str]) -> bool:
        return any(self.setting(good, "solidarity") for good in goods)

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
                self.say(key, unknown_country(name, self.data, self.groups))
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
        self.findings += unknown_keys(self.file, self.goods)
        for name, value in raw.get("burden", {}).items():
            for key in value if isinstance(value, Mapping) else ():
                if key not in (*known, "default"):
                    self.say(f"burden.{name}.{key}", f"unknown good or category{nearest(key, known)}")
        for name in BY_GOOD:
            value = raw.get("sanctions", {}).get(name)
            for key in value if isinstance(value, Mapping) else ():
                if key not in (*known, "default"):
                    self.say(f"sanctions.{name}.{key}", f"unknown good or category{nearest(key, known)}")
        for key, countries in named_countries(raw):
            self.expand(key, countries)
        numbers = (*PARAMETERS, *BURDEN, *SANCTIONS_KEYS, *THREAT_KEYS, *PARTNERS_KEYS)
        for key in raw.get("grounds", {}):
            if key.startswith("cutoffs."):
                self.check_ground_of_cutoff(raw, key)
                continue
            for part in key.split("."):
                if part not in (*numbers, *known, "default", "goods_override"):
                    self.say(f"grounds.{key}", f'unknown "{part}"{nearest(part, [*numbers, *known])}')

    def check_ground_of_cutoff(self, raw: Mapping[str, Any], key: str) -> None:
        """A ground of a cutoff that is not there is a warning: cutoffs may be exchanged for one run."""
        _, name, *below = path_of(raw, key)
        cutoffs = {cutoff.name: cutoff for cutoff in self.file.cutoffs}
        if name not in cutoffs:
            message = f'is of no cutoff: none is called "{name}"{nearest(name, cutoffs)}'
            self.say(f"grounds.{key}", message, "warning")
        elif below:
            parts = [*cutoffs[name].cut, "default"] if below[0] == "fraction" else []
            for part, known in zip(below, (CUTOFF_KEYS[1:], parts), strict=False):
                if part not in known:
                    self.say(f"grounds.{key}", f'unknown "{part}"{nearest(part, known)}')

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
