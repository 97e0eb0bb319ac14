"""What was probably meant: words that are not known, countries that are not codes, numbers out of place."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

# What people and trade databases write in place of ISO 3166; BACI and Comtrade number some countries differently.
OTHER_CODES = {
    "S19": "TWN",
    "490": "TWN",
    "842": "USA",
    "251": "FRA",
    "699": "IND",
    "579": "NOR",
    "757": "CHE",
    "ROM": "ROU",
    "ZAR": "COD",
    "UK": "GBR",
    "BRITAIN": "GBR",
    "GREAT BRITAIN": "GBR",
    "ENGLAND": "GBR",
    "EL": "GRC",
    "GRE": "GRC",
    "GER": "DEU",
    "DEN": "DNK",
    "NED": "NLD",
    "HOLLAND": "NLD",
    "POR": "PRT",
    "SPA": "ESP",
    "SUI": "CHE",
    "CRO": "HRV",
    "PRC": "CHN",
    "ROC": "TWN",
    "TPE": "TWN",
    "ROK": "KOR",
    "DPRK": "PRK",
    "JAP": "JPN",
    "AMERICA": "USA",
    "UAE": "ARE",
    "KSA": "SAU",
    "RSA": "ZAF",
    "INA": "IDN",
    "MAS": "MYS",
    "PHI": "PHL",
    "VIE": "VNM",
    "TURKIYE": "TUR",
}
SHORTEST = 3  # letters of a name's beginning from which the country is guessed
LIKE = 0.75  # how alike a misspelt name must be
PERCENT = re.compile(r"(-?\d+(?:[.,]\d+)?)\s*%")


def nearest(word: str, known: Iterable[str]) -> str:
    """``; did you mean "…"?`` for the known word nearest to ``word``, or the list of known words."""
    known = [str(name) for name in known]
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if not close:
        lowered = {name.lower(): name for name in known}
        close = [lowered[name] for name in difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.5)]
    if close:
        return f'; did you mean "{close[0]}"?'
    return f"; known are {', '.join(known[:20])}{' …' if len(known) > 20 else ''}"


def country_hint(word: str, names: Mapping[str, str], groups: Iterable[str] = ()) -> str:
    """What to write in place of a word that is no code of ``names``, code → name; the code with its name.

    ``groups`` are coalitions that may stand in a country's place.
    """
    groups = list(groups)
    if word.casefold() in [group.casefold() for group in groups]:
        return nearest(word, groups)
    code = country_meant(word, names)
    if code is not None:
        called = names.get(code, code)
        name = f" ({called})" if called != code else ""
        return f'; write "{code}"{name}' + ("" if code in names else " and list it in countries.csv")
    close = difflib.get_close_matches(word.casefold(), [group.casefold() for group in groups], n=1, cutoff=LIKE)
    if close:
        return nearest(word, groups)
    alike = difflib.get_close_matches(word.strip().upper(), names, n=3, cutoff=0.6)
    if alike:
        listed = " or ".join(f'"{code}"' + (f" ({names[code]})" if names[code] != code else "") for code in alike)
        return f"; did you mean {listed}?"
    if groups:
        return f"; write an ISO 3166 alpha-3 code such as DEU, or one of {', '.join(groups)}"
    return "; use its ISO 3166 alpha-3 code in upper case and list it in countries.csv"


def country_meant(word: str, names: Mapping[str, str] | None = None) -> str | None:
    """The ISO 3166 alpha-3 code of what a word stands for, None if that is not plain.

    Another country's code is never guessed from letters: a word is a code or a name (also the beginning of one
    name only, or one misspelt) of ``names``, code → name, a code or name in use elsewhere, or one of ISO 3166.
    """
    names = names or {}
    plain = word.strip().upper().replace(".", "")
    by_name = {name.upper(): code for code, name in names.items()}
    if plain in names:
        return plain
    for table in (by_name, OTHER_CODES):
        if plain in table:
            return table[plain]
    if not plain:
        return None
    if (code := _in_iso(plain)) is not None:
        return code
    begins = [code for name, code in by_name.items() if name.startswith(plain)]
    if len(begins) == 1 and len(plain) >= SHORTEST:
        return begins[0]
    close = difflib.get_close_matches(plain, by_name, n=1, cutoff=LIKE) if len(plain) > SHORTEST else []
    return by_name[close[0]] if close else None


def _in_iso(word: str) -> str | None:
    import pycountry  # only needed for the hint, and slow to import

    try:
        return str(pycountry.countries.lookup(word).alpha_3)
    except LookupError:
        return None


def number_problem(value: Any, least: float, most: float) -> str | None:
    """Why a value is no number from ``least`` to ``most``, and how to write it; None if it is one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
        return f"{value!r} is not a number{number_hint(value) if isinstance(value, str) else ''}"
    if least <= value <= most:
        return None
    upper = "" if math.isinf(most) else f" and at most {most:g}"
    percent = _as_share(value) if (least, most) == (0, 1) and 2 <= value <= 100 else ""
    return f"{value:.10g} is out of range: at least {least:g}{upper}{percent}"


def number_hint(text: str, instead: str = "") -> str:
    """``; write it …`` for a text that a reader takes for a number and a computer does not; else nothing.

    A percentage is written as a share, unless ``instead`` says what belongs where no share does.
    """
    text = text.strip()
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", text) and not text.startswith(("0,", "-0,")):
        return f"; write it without thousands separators: {text.replace(',', '')}"
    if re.fullmatch(r"-?[\d.]*,\d+", text):
        return f"; write it with a decimal point: {text.replace('.', '').replace(',', '.')}"
    percent = PERCENT.fullmatch(text)
    if percent and instead:
        return f"; a percentage does not belong here, {instead}"
    return _as_share(float(percent[1].replace(",", "."))) if percent else ""


def _as_share(percent: float) -> str:
    return f"; {percent:g} % is written {percent / 100:.6g}"
