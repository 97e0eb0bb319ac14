"""What a filled form says of the grounds of a case: source, range, owner and confidence of what it changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from resilience.inputs.casefile import Ground, ground_of, path_of
from resilience.inputs.form import range_in_words
from resilience.inputs.parameters import SURGE_PARTS


def ground_key(name: str) -> str:
    """The key under [grounds] of a number; a surge has one for all its numbers."""
    parts = name.split(".")[1:]
    return ".".join(parts[:-1] if parts[-1] in SURGE_PARTS else parts)


def below(document: Mapping[str, Any], where: str) -> list[str]:
    """The grounds of a cutoff, or of one of its numbers, and of what is below it."""
    way = path_of(document, where)
    return [key for key in document["grounds"] if path_of(document, key)[: len(way)] == way]


def drop(document: Mapping[str, Any], where: str) -> None:
    """Leave these grounds out."""
    for key in below(document, where):
        del document["grounds"][key]


def ground_in_words(given: Mapping[str, Any]) -> str:
    """What a row gives of a ground, in words: the source and, in brackets, the rest."""
    known = [
        ("range", range_in_words(given.get("low"), given.get("high"))),
        ("owner", given.get("owner")),
        ("confidence", given.get("confidence")),
    ]
    rest = ", ".join(f"{word} {text}" for word, text in known if text)
    return given.get("source", "as in the case") + (f" ({rest})" if rest else "")


def as_written(given: Mapping[str, Any]) -> Any:
    """A ground as a case file holds it: its source alone, or a table."""
    known = {word: value for word, value in asdict(Ground(**given)).items() if value is not None}
    return known if len(known) > 1 else known["source"]


def sourced(before: Ground, given: Mapping[str, Any], *, stays: bool) -> Any:
    """A ground with a new source: the range goes with its number if that ``stays``, owner and confidence with the
    source."""
    kept: dict[str, Any] = {"low": before.low, "high": before.high} if stays else {}
    if given["source"] == before.source:
        kept |= {"owner": before.owner, "confidence": before.confidence}
    return as_written(kept | dict(given))


def set_ground(
    raw: dict[str, Any], name: str, key: str, value: Any, given: Mapping[str, Any], *, stays: bool
) -> None:
    """Put in what a number stands on; one number of a surge is added to what the others stand on, and only its
    max has a range that goes with it."""
    grounds = raw["grounds"] = dict(raw.get("grounds", {}))
    part = name.rpartition(".")[2]
    before = ground_of(raw, name if name.split(".")[1:] == key.split(".") else name.rpartition(".")[0])
    source = given.get("source", before.source)
    if "source" in given and part in SURGE_PARTS and before.source != "assumed":
        source = f"{before.source}; {part} {value}: {source}"
    grounds[key] = sourced(before, dict(given) | {"source": source}, stays=stays or part in ("delay", "rate"))
