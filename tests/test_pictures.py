"""Pictures of chains: they exist, are the same each time, name every good and bear hostile labels."""

from __future__ import annotations

import dataclasses
import math
import warnings
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
from conftest import write_case, write_dataset

import resilience
from resilience.cli import main
from resilience.errors import InputError
from resilience.output.pictures import chain_picture, chain_pictures, goods_with_chain
from resilience.results import Result
from resilience.schema import ALL, RESULTS
from resilience.words import today_and_needed, weakest_links

pytest.importorskip("matplotlib")
HOSTILE = [
    "Long name " * 40, "W" * 300, "مغناطيس دائم", "$\\frac{1}{$ and 5 $ more $", "a_b^c_{d", "<b>&amp;</b>",
    "🧲 磁石", "a\x00b\x0bc", "one\ntwo\r\nthree", "", "%s {0} \\n",
]  # fmt: skip


def _link(
    name: str, into: str, stage: int, status: str, today: float, share: float, **more: Any
) -> dict[str, Any]:
    return {
        "good": "tank", "member": ALL, "cutoff": ALL, "input": name, "into": into, "stage": float(stage),
        "input_per_unit": 0.002, "recipe_unit": "t/kUSD", "essential": "yes", "joint": "yes", "share": 0.5,
        "input_share": share, "input_share_today": today, "input_gap": max(0.0, share - today),
        "input_status": status, "keeps_going": 0.4, "weakest": "no", "text": "", **more,
    }  # fmt: skip


def _result(labels: dict[str, str] | None = None, **meta: Any) -> Result:
    """A tank of steel and magnets; rare earths go into magnets, which are its weakest link."""
    goods = ["tank", "steel", "magnets", "rare_earths", "ore"]
    links = [
        _link("steel", "tank", 1, "raise", 0.4, 0.45, essential="no"),
        _link("magnets", "tank", 1, "build", 0.05, 0.4, weakest="yes"),
        _link("ore", "steel", 2, "unknown", math.nan, math.nan, essential="no"),
        _link("rare_earths", "magnets", 2, "none", 0.1, math.nan),
    ]
    required = {
        "good": "tank", "member": ALL, "cutoff": ALL, "reading": "planned", "share": 0.5, "share_today": 0.3,
        "gap": 0.2, "status": "raise",
    }  # fmt: skip
    tables = {name: pd.DataFrame(columns=list(table.names)) for name, table in RESULTS.items()}
    tables["chain"] = pd.DataFrame(links, columns=list(RESULTS["chain"].names))
    tables["requirements"] = pd.DataFrame([required], columns=list(RESULTS["requirements"].names))
    known = {
        "title": "Two against a cutoff", "case": "two.toml", "dataset": "data", "region_name": "Two",
        "labels": dict(zip(goods, (good.title() for good in goods), strict=True)) | (labels or {}),
        "years": {"tank": 2024}, "members": {"AAA": "Land A"}, "cutoffs": [{"name": "One"}, {"name": "Two"}],
    }  # fmt: skip
    return Result(known | meta, tables)


def _words(path: Path) -> str:
    """All text of an SVG picture."""
    return "\n".join(
        element.text or "" for element in ElementTree.parse(path).iter() if element.tag.endswith("text")
    )


def _is_png(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 10_000


def test_a_picture_names_everything(tmp_path: Path) -> None:
    path = tmp_path / "new" / "tank.svg"
    chain_picture(_result(), "tank", path)
    text = _words(path)
    for name in ("Tank: what goes into it", "Steel", "Magnets", "Rare_Earths", "Ore"):
        assert name in text.splitlines(), name
    for words in (
        "today 30 % → needed 50 %", "today 5 % → needed 40 %", "today 10 %, no share suffices", "unknown",
        "0.002 t/kUSD", "weakest link", "Two against a cutoff · All members together · data of 2024", "One; Two",
        "two.toml", "none: no share suffices", "essential", "can be made without it",
    ):  # fmt: skip
        assert words in text, words
    assert text.splitlines().count("weakest link") == 1
    assert "met: " not in text  # the legend explains only what is there


def test_a_picture_is_the_same_each_time(tmp_path: Path) -> None:
    for suffix in (".png", ".svg"):
        one, two = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
        chain_picture(_result(), "tank", one)
        chain_picture(_result(), "tank", two)
        assert one.read_bytes() == two.read_bytes()
    assert _is_png(tmp_path / "one.png")
    assert b"<dc:date>" not in (tmp_path / "one.svg").read_bytes()


def test_settings_of_the_user_change_nothing(tmp_path: Path) -> None:
    import matplotlib as mpl

    chain_picture(_result(), "tank", tmp_path / "one.svg")
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.facecolor": "red"}):
        chain_picture(_result(), "tank", tmp_path / "two.svg")
        assert mpl.rcParams["font.size"] == 30
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_hostile_labels_break_nothing(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n, label in enumerate(HOSTILE):
            hostile = dict.fromkeys(("tank", "magnets", "ore"), label)
            result = _result(hostile, title=label, dataset=label, region_name=label, cutoffs=[{"name": label}] * 3)
            chain_picture(result, "tank", tmp_path / f"{n}.svg")
            text = _words(tmp_path / f"{n}.svg")
            shown = " ".join(label.replace("\x00", "\ufffd").replace("\x0b", "\ufffd").split())
            assert (shown[:20] or "Magnets") in text, label
            if len(label) > 200:
                assert "…" in text
        chain_picture(_result({"tank": HOSTILE[3]}), "tank", tmp_path / "sign.png")
    assert _is_png(tmp_path / "sign.png")


def test_no_text_leaves_its_box_or_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figures: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda self, *_, **__: figures.append(self))
    for label in HOSTILE[:3]:
        chain_picture(_result({"tank": label, "magnets": label}, title=label), "tank", tmp_path / "x.png")
        figure = figures[-1]
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        for text in figure.axes[0].texts:
            box = text.get_window_extent(canvas.get_renderer())
            assert box.x0 >= 0 and box.x1 <= figure.bbox.x1 and box.y0 >= 0 and box.y1 <= figure.bbox.y1, text
        boxes = [text.get_window_extent(canvas.get_renderer()) for text in figure.axes[0].texts]
        for n, one in enumerate(boxes):
            for other in boxes[:n]:
                wide = min(one.x1, other.x1) - max(one.x0, other.x0)
                high = min(one.y1, other.y1) - max(one.y0, other.y0)
                assert wide < 1 or high < 0.3 * one.height, (figure.axes[0].texts[n].get_text(), label[:9])


@pytest.mark.parametrize(
    ("good", "name", "member", "expected"),
    [
        ("wheat", "x.png", ALL, 'no chain of "wheat" for member ALL; goods that have one: tank'),
        ("tank", "x.png", "AAA", "goods that have one: none"),
        ("tank", "x.jpg", ALL, r"x.jpg: pictures are written as .png or .svg"),
    ],
)
def test_what_cannot_be_drawn_is_refused(tmp_path: Path, good: str, name: str, member: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        chain_picture(_result(), good, tmp_path / name, member)
    assert not (tmp_path / name).exists()


def test_the_weakest_links_in_a_line() -> None:
    (line,) = weakest_links(_result().chain)
    assert line == "tank → magnets (magnets by itself: build, today 5 % → needed 40 %)"
    chain = _result().chain
    chain["weakest"] = ["no", "no", "no", "yes"]
    (line,) = weakest_links(chain)
    assert line == "tank → magnets → rare earths (rare earths by itself: none, today 10 %, no share suffices)"
    chain["cutoff"] = "One"
    assert weakest_links(chain) == []
    assert today_and_needed(0.48, 0.47, "raise") == "today 48 %, needed 47 % of each member"
    assert today_and_needed(0.14, 0.10, "shift") == "today 14 %, needed 10 %"


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """Steel is made of ore; wheat of nothing."""
    write_dataset(
        tmp_path / "data",
        [
            ("BBB", "AAA", 40.0, "steel"),
            ("BBB", "AAA", 90.0, "ore"),
            ("CCC", "AAA", 10.0, "ore"),
            ("CCC", "AAA", 5.0, "wheat"),
        ],
        [
            {"country": "AAA", "good": "steel", "production": 60},
            {"country": "BBB", "good": "steel", "production": 100},
            {"country": "AAA", "good": "ore", "production": 10},
            {"country": "BBB", "good": "ore", "production": 300},
            {"country": "CCC", "good": "ore", "production": 100},
            {"country": "AAA", "good": "wheat", "production": 50},
            {"country": "CCC", "good": "wheat", "production": 50},
        ],
        goods=[("steel", "military"), ("ore", "military"), ("wheat", "food")],
        coalitions=[("home", "AAA", "")],
        recipes=[{"good": "steel", "input": "ore", "input_per_unit": 1.5}],
    )
    return write_case(
        tmp_path / "case.toml", title="A case", members="home", cutoffs=[{"name": "cut", "cut": ["BBB"]}]
    )


def test_pictures_of_a_solved_case(case: Path, tmp_path: Path) -> None:
    loaded = resilience.load(case, goods=["steel", "wheat"])
    result = resilience.solve(loaded)
    assert goods_with_chain(result) == ["steel"]
    written = chain_pictures(result, tmp_path / "pictures")
    assert [path.name for path in written] == ["chain-steel.png", "chain-steel.svg"]
    assert _is_png(written[0])
    text = _words(written[1])
    for words in ("Steel", "Ore", "1.5 t/t", "assumed", "assumed for ore"):
        assert words in text, words
    odd = {name: frame.replace({"steel": "steel/../x"}) for name, frame in result.tables.items()}
    (png, _) = chain_pictures(dataclasses.replace(result, tables=odd), tmp_path / "odd")
    assert png.parent == tmp_path / "odd" and png.exists()


def test_the_command_writes_pictures_and_says_so(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "deep" / "pictures"
    assert main(["run", str(case), "--pictures", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert {path.name for path in folder.iterdir()} == {"chain-steel.png", "chain-steel.svg"}
    assert "chain-steel.png" in printed and "chain-steel.svg" in printed and "nothing was written" not in printed
    assert "weakest links: steel → ore (" in printed


def test_the_command_says_that_there_is_no_chain(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(case), "--goods", "wheat", "--pictures", str(tmp_path / "p")]) == 0
    printed = capsys.readouterr().out
    assert "no picture: no good has a chain" in printed and "weakest" not in printed
    assert not (tmp_path / "p").exists()


def test_the_command_refuses_before_it_computes(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(case), "--pictures", str(case)]) == 2
    assert "this is a file; name a folder for the pictures" in capsys.readouterr().err
