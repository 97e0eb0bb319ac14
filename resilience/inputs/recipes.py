"""Goods that are made of goods: recipes, their order, and what goes into what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Recipe:
    """``per_unit`` of ``input`` (its unit, losses included) goes into one unit of ``good``.

    Without an ``essential`` input nothing is made; the others can be done without within the crisis.
    ``value_share`` is the input's part of the good's value, NaN where unknown.
    """

    good: str
    input: str
    per_unit: float
    essential: bool
    value_share: float
    status: str
    source: str


def recipes_of(table: pd.DataFrame) -> tuple[Recipe, ...]:
    """The recipes of the checked table of that name; what is lost on the way is added to what is needed."""
    return tuple(
        Recipe(
            str(row.good),
            str(row.input),
            float(row.input_per_unit) / (1.0 - (0.0 if pd.isna(row.loss) else float(row.loss))),
            bool(row.essential),
            float(row.value_share),
            str(row.status),
            str(row.source),
        )
        for row in table.itertuples()
    )


def final_first(goods: Iterable[str], recipes: Collection[Recipe]) -> list[str]:
    """Goods in the given order, but every good before its inputs."""
    order: list[str] = []
    waiting = list(goods)
    while waiting:
        used = {recipe.input for recipe in recipes if recipe.good in waiting}
        ready = next((good for good in waiting if good not in used), waiting[0])
        order.append(ready)
        waiting.remove(ready)
    return order


def cycle(recipes: Collection[Recipe]) -> list[str]:
    """A chain of goods that leads back to its first, or nothing: [a, b, a] if b goes into a and a into b."""
    inputs: dict[str, list[str]] = {}
    for recipe in recipes:
        inputs.setdefault(recipe.good, []).append(recipe.input)
    done: set[str] = set()

    def search(path: list[str]) -> list[str]:
        for name in inputs.get(path[-1], ()):
            if name in path:
                return [*path[path.index(name) :], name]
            if name not in done:
                found = search([*path, name])
                if found:
                    return found
        done.add(path[-1])
        return []

    return next((found for good in inputs if good not in done and (found := search([good]))), [])


def upstream(good: str, recipes: Collection[Recipe], depth: int | None = None) -> Iterator[tuple[Recipe, int]]:
    """Every recipe that leads up from a good, with its stage: 1 for the good's own inputs; each input once."""
    found: set[str] = set()
    stage, goods = 0, [good]
    while goods and (depth is None or stage < depth):
        stage += 1
        here = [recipe for name in goods for recipe in recipes if recipe.good == name]
        goods = []
        for recipe in here:
            if recipe.input not in found:
                found.add(recipe.input)
                goods.append(recipe.input)
                yield recipe, stage


def groups(goods: Sequence[str], ties: Iterable[Collection[str]]) -> list[list[str]]:
    """Goods in groups that hang together by ``ties``, in the order of their first good."""
    group: dict[str, list[str]] = {good: [good] for good in goods}
    for tie in ties:
        merged = [name for good in goods if good in tie for name in group[good]]
        merged = [good for good in goods if good in merged]
        for good in merged:
            group[good] = merged
    return [list(names) for names in dict.fromkeys(tuple(group[good]) for good in goods)]


def needs(good: str, made: Mapping[str, pd.Series], recipes: Collection[Recipe]) -> dict[str, float]:
    """What members' makers need of a good in a year, by its essential recipes; ``made`` is by product."""
    total: dict[str, float] = {}
    for recipe in recipes:
        if recipe.input == good and recipe.essential and recipe.good in made:
            for member, amount in made[recipe.good].items():
                total[str(member)] = total.get(str(member), 0.0) + recipe.per_unit * float(amount)
    return total
