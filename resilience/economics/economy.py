"""Figures about countries and pairs of them: GDP, distance, indicators, and total trade of the input–output table.

Each figure comes with the year it is of; one that is not known is NaN, never zero.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from resilience.inputs.dataset import Dataset
from resilience.origins.input_output import InputOutput, content, read_table

Array = npt.NDArray[np.float64]
MILLION = 1e6


class Figure(NamedTuple):
    """A number with its year and status; NaN, None and "unknown" where it is not known."""

    value: float
    year: int | None
    status: str


UNKNOWN = Figure(math.nan, None, "unknown")


class Economy:
    """What a data set knows of countries, as of a year: the latest figure that is not after it."""

    def __init__(self, data: Dataset, year: int):
        self.year = year
        known = data.indicators["value"].notna()
        rows = data.indicators[known & (data.indicators["year"] <= year)].sort_values("year", kind="stable")
        self._latest = {
            (str(row.indicator), str(row.country)): Figure(float(row.value), int(row.year), str(row.status))
            for row in rows.itertuples()
        }
        self._listed = {
            name: dict(zip(data.countries["country"], data.countries[name].astype(float), strict=True))
            for name in ("gdp_usd", "population")
        }
        pairs = data.distances
        self._km = {
            frozenset(pair): float(km)
            for *pair, km in zip(pairs["country"], pairs["other"], pairs["km"], strict=True)
        }

    def indicator(self, name: str, country: str) -> Figure:
        """A figure of indicators.csv; GDP and population are taken from countries.csv where it has none."""
        found = self._latest.get((name, country), UNKNOWN)
        listed = self._listed.get(name, {}).get(country, math.nan)
        if found is UNKNOWN and not math.isnan(listed):
            return Figure(listed, None, "observed")
        return found

    def gdp(self, country: str) -> Figure:
        """Gross domestic product in current USD."""
        return self.indicator("gdp_usd", country)

    def km(self, country: str, other: str) -> float:
        """Kilometres between two countries; NaN if not known."""
        return self._km.get(frozenset((country, other)), math.nan)

    def spread(self, name: str) -> float:
        """Greatest less least value of an indicator over all countries; NaN without figures."""
        values = [figure.value for (which, _), figure in self._latest.items() if which == name]
        return max(values) - min(values) if values else math.nan


@dataclass(frozen=True, eq=False)
class Trade:
    """Trade in intermediates between the countries of an input–output table, by the selling sector.

    ``sold[i, s, j]``: USD that sector s of country i sold to all sectors of country j, home included.
    ``own[i, s]``: value that country i itself added to one USD of that, at any depth. Final goods are not in it.
    """

    countries: tuple[str, ...]
    sectors: tuple[str, ...]
    year: int | None
    sold: Array
    own: Array

    def place(self, country: str) -> int | None:
        """The country's position, None if the table does not have it."""
        return self.countries.index(country) if country in self.countries else None

    def places(self, countries: Collection[str]) -> list[int]:
        """Positions of those countries that the table has."""
        return [n for n, country in enumerate(self.countries) if country in set(countries)]

    def exports(self, seller: str, buyers: Sequence[str]) -> Array:
        """USD by sector that a country sells to others; NaN if the table lacks the seller or any buyer."""
        i = self.place(seller)
        to = [self.place(buyer) for buyer in buyers]
        if i is None or None in to:
            return np.full(len(self.sectors), np.nan)
        found: Array = self.sold[i][:, [j for j in to if j is not None]].sum(axis=1)
        return found


def trade_of(table: InputOutput) -> Trade:
    """Trade between the countries of a table in millions of USD; sums over the buying sectors."""
    countries = tuple(dict.fromkeys(table.nodes.get_level_values("country")))
    sectors = tuple(dict.fromkeys(table.nodes.get_level_values("sector")))
    i = np.array([countries.index(name) for name in table.nodes.get_level_values("country")])
    s = np.array([sectors.index(name) for name in table.nodes.get_level_values("sector")])
    to = np.zeros((len(i), len(countries)))
    to[np.arange(len(i)), i] = 1.0
    sold = np.zeros((len(countries), len(sectors), len(countries)))
    sold[i, s] = table.flows @ to * MILLION
    shares = content(table)
    shares = shares[shares["origin"] == shares["country"]]
    own = np.zeros((len(countries), len(sectors)))
    for row in shares.itertuples():
        own[countries.index(row.country), sectors.index(row.sector)] = row.total
    return Trade(countries, sectors, table.year, sold, own)


def read_trade(data: Dataset) -> Trade | None:
    """Total trade of the data set's input–output table; None without one."""
    path = data.input_output
    return None if path is None else _read(path, data.fingerprint)


@lru_cache(maxsize=2)
def _read(path: Path, _fingerprint: str) -> Trade:
    return trade_of(read_table(path))
