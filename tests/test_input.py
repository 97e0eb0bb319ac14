"""Bad input: every finding at once, each with file, row, column, value and remedy."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT, Maker, write_case, write_dataset

import resilience
from resilience.cli import main
from resilience.inputs.casefile import cutoff_settings
from resilience.inputs.dataset import read_dataset
from resilience.inputs.parameters import Surge
from resilience.inputs.suggestions import country_hint, number_problem
from resilience.schema import INPUTS

FLOWS = [("BBB", "AAA", 900.0), ("CCC", "AAA", 100.0)]
BALANCES = [
    {"country": "AAA", "production": 200},
    {"country": "BBB", "production": 900},
    {"country": "CCC", "production": 100},
]
CUT = [{"name": "cut", "cut": ["BBB"]}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_dataset(
        tmp_path / "data", FLOWS, BALANCES, countries=["DEU", "NAM", "TWN"], coalitions=[("G7", "AAA", "")]
    )
    write_case(tmp_path / "case.toml", members=["AAA"], cutoffs=CUT)
    return tmp_path


def errors(path: Path) -> list[str]:
    """The errors of loading a case, as text."""
    with pytest.raises(resilience.InputError) as caught:
        resilience.load(path)
    return [str(finding) for finding in caught.value.findings if finding.severity == "error"]


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "BBB,AAA,900.0",
            "bbb,AAA,900.0",
            ['row 2, column exporter: "bbb" is not in countries.csv; write "BBB"'],
        ),
        ("BBB,AAA,900.0", "NA,AAA,900.0", ['column exporter: "NA"', 'write "NAM"']),
        ("BBB,AAA,900.0", "Germany,AAA,900.0", ['"Germany"', 'write "DEU"']),
        ("BBB,AAA,900.0", "Land DEU,AAA,900.0", ['"Land DEU"', 'write "DEU"']),
        ("BBB,AAA,900.0", "S19,AAA,900.0", ['"S19"', 'write "TWN"']),
        ("BBB,AAA,900.0", "FRA,AAA,900.0", ['"FRA" is not in countries.csv', "list it in countries.csv"]),
        ("BBB,AAA,900.0", "BBB,AAA,-5", ["column quantity", '"-5" is negative']),
        ("BBB,AAA,900.0", "BBB,AAA,inf", ['"inf" is infinite']),
        ("BBB,AAA,900.0", "BBB,AAA,lots", ['"lots" is not a number']),
        (
            "BBB,AAA,900.0",
            'BBB,AAA,"1,234"',
            ['"1,234" is not a number; write it without thousands separators: 1234'],
        ),
        ("BBB,AAA,900.0", 'BBB,AAA,"1.234,5"', ["write it with a decimal point: 1234.5"]),
        ("BBB,AAA,900.0", "BBB,AAA,", ["column quantity", "the cell is blank, which means unknown"]),
        ("BBB,AAA,900.0", "AAA,AAA,900.0", ['"AAA" ships to itself', "balances.csv"]),
        (
            "2024,wheat,BBB",
            "2024,weat,BBB",
            ['column good: "weat" is not in goods.csv; did you mean "wheat"?'],
        ),
        ("2024,wheat,BBB", "twenty,wheat,BBB", ["column year"]),
        ("2024,wheat,BBB", "2024.5,wheat,BBB", ["column year", "is not a calendar year"]),
        (
            ",observed,made up\n2024,wheat,CCC",
            ",obsrved,made up\n2024,wheat,CCC",
            ["column status", 'did you mean "observed"?'],
        ),
        (
            "2024,wheat,CCC,AAA,100.0",
            "2024,wheat,BBB,AAA,900.0",
            ["row 3", "stands already in flows.csv, row 2"],
        ),
        (
            "2024,wheat,CCC,AAA,100.0,,",
            "2024,wheat,CCC,AAA,100.0,,,,",
            ["row 3", "cells where the header has 8"],
        ),
        ("exporter", "exportr", ['the column "exporter" is missing']),
        ("year,good", "year,good,good", ["stands there twice"]),
    ],
)
def test_a_bad_cell_is_named(folder: Path, old: str, new: str, expected: list[str]) -> None:
    replace(folder / "data" / "flows.csv", old, new)
    found = errors(folder / "case.toml")
    assert any(all(text in line for text in ["flows.csv", *expected]) for line in found), found


def test_all_findings_come_at_once(folder: Path) -> None:
    replace(folder / "data" / "flows.csv", "BBB,AAA,900.0", "bbb,AAA,-1")
    replace(folder / "data" / "balances.csv", "CCC,100", "CCC,lots")
    replace(folder / "case.toml", 'members = ["AAA"]', 'members = ["AAA"]\nmonhts = 5')
    found = errors(folder / "case.toml")
    assert len(found) == 4
    for text in ('"bbb"', '"-1"', '"lots"', 'unknown key "monhts"'):
        assert any(text in line for line in found), text


def as_latin(file: Path) -> None:
    file.write_bytes(file.read_text(encoding="utf-8").replace("Land DEU", "Österreich").encode("latin-1"))


def as_utf16(file: Path) -> None:
    file.write_bytes(file.read_text(encoding="utf-8").encode("utf-16"))


def as_semicolons(file: Path) -> None:
    file.write_text(file.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8")


def as_tabs(file: Path) -> None:
    file.write_text(file.read_text(encoding="utf-8").replace(",", "\t"), encoding="utf-8")


def as_empty(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (as_latin, ["countries.csv, row", "is not UTF-8", "CSV UTF-8"]),
        (as_utf16, ["countries.csv, row 1", "is not UTF-8"]),
        (as_semicolons, ["countries.csv", "semicolons", "Excel"]),
        (as_tabs, ["countries.csv", "tabs"]),
        (as_empty, ["countries.csv", "is empty", "country,name,gdp_usd,population"]),
        (Path.unlink, ["countries.csv", "missing"]),
    ],
)
def test_a_file_of_another_kind_is_answered_well(
    folder: Path, spoil: Callable[[Path], None], expected: list[str]
) -> None:
    spoil(folder / "data" / "countries.csv")
    found = errors(folder / "case.toml")
    assert any(all(text in line for text in expected) for line in found), found


@pytest.mark.parametrize("name", ["goods", "countries", "coalitions"])
@pytest.mark.parametrize("spoil", [as_semicolons, as_empty, Path.unlink])
def test_nothing_is_looked_up_in_a_table_that_could_not_be_read(
    folder: Path, name: str, spoil: Callable[[Path], None]
) -> None:
    replace(folder / "case.toml", 'members = ["AAA"]', 'members = "G7"')
    spoil(folder / "data" / f"{name}.csv")
    (found,) = errors(folder / "case.toml")
    assert f"{name}.csv" in found


def test_a_table_without_rows_is_an_error(folder: Path) -> None:
    file = folder / "data" / "goods.csv"
    file.write_text(file.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    for name in ("flows", "balances"):
        other = folder / "data" / f"{name}.csv"
        other.write_text(other.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    assert errors(folder / "case.toml") == ["error: goods: the table holds no row; fill it in"]


def test_a_percentage_is_a_share_only_where_shares_stand(folder: Path) -> None:
    replace(folder / "data" / "balances.csv", "CCC,100,", "CCC,100,12%")
    replace(folder / "data" / "coalitions.csv", "G7,AAA,", "G7,AAA,12%")
    replace(folder / "data" / "countries.csv", "DEU,Land DEU,", "DEU,Land DEU,5%")
    amount = "a percentage does not belong here, write an amount in"
    shown = [line.partition(", column ")[2] for line in errors(folder / "case.toml")]
    assert sorted(shown) == [
        'credit: "12%" is not a number; 12 % is written 0.12',
        f'demand: "12%" is not a number; {amount} the good\'s unit',
        f'gdp_usd: "5%" is not a number; {amount} USD',
    ]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("g7-china", '; did you mean "models/g7-china.toml"?'),
        ("g7-chna.toml", '; did you mean "models/g7-china.toml"?'),
        ("models/g7-chna.toml", '; did you mean "models/g7-china.toml"?'),
        ("own/mine", '; did you mean "own/mine.toml"?'),
        ("nothing-like-it", "; known are models/g7-china.toml, models/g7-russia.toml"),
    ],
)
def test_a_case_file_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, meant: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("pyproject.toml", "models/g7-china.toml", "models/g7-russia.toml", "own/mine.toml"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    (found,) = errors(Path(asked))
    assert found.endswith(f"there is no case file {Path(asked)}{meant}")


def test_a_data_set_that_is_not_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "models").mkdir()
    write_case(folder / "models" / "case.toml", dataset="../dat", members=["AAA"], cutoffs=CUT)
    monkeypatch.chdir(folder)
    (found,) = errors(Path("models/case.toml"))
    assert found.startswith("error: dat: there is no such folder or workbook")
    assert found.endswith('relative to the case file; did you mean "data"?')
    write_case(folder / "models" / "case.toml", dataset="../no/dat", members=["AAA"], cutoffs=CUT)
    (found,) = errors(Path("models/case.toml"))
    assert found.startswith("error: no/dat: ") and found.endswith("relative to the case file")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--goods", "whaet"], 'error: --goods: "whaet" is neither a good nor a category; did you mean "wheat"?'),
        (["--members", "GGG"], 'error: --members: "GGG" is neither a country'),
        (["--set", "survival.months=0"], "error: --set survival.months=0: 0 is out of range"),
        (["--set", "survival.critical_share={fod=0.5}"], "{fod=0.5}: survival.critical_share.fod: unknown good"),
        (["--set", "survival.mnths=3"], 'error: --set survival.mnths=3: unknown key "mnths"'),
        (["--set", "cutoffs.cat.start=2"], 'error: --set cutoffs.cat.start=2: no cutoff is called "cat"'),
        (["--year", "2020"], "error: --year: no requirement can be computed: no good has data of 2020 or earlier"),
        (["--year", "2020"], "; the data set has them of 2024"),
        (["--set", "survival.months=3", "--goods", "whaet"], "error: --goods: "),
    ],
)
def test_what_an_option_gave_is_blamed_on_the_option(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    for command in ("check", "run"):
        assert main([command, str(folder / "case.toml"), *arguments]) == 2
        assert expected in capsys.readouterr().err


def test_what_the_case_says_is_not_blamed_on_an_option(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace(folder / "case.toml", 'members = ["AAA"]', 'members = ["AAA"]\nsurvival = {months = 0}')
    assert main(["check", str(folder / "case.toml"), "--goods", "wheat", "--set", "survival.demand_factor=1"]) == 2
    assert "error: case.toml, key survival.months: 0 is out of range" in capsys.readouterr().err


def test_a_region_of_an_option_is_blamed_on_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(folder / "case.toml"), "--regions", "G8", "--quiet"]) == 2
    assert 'error: --regions: "G8" is not a coalition; did you mean "G7"?' in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--goods", "--members", "--with"])
@pytest.mark.parametrize("text", ["", " , "])
def test_an_empty_list_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], option: str, text: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["run", str(folder / "case.toml"), option, text])
    assert stopped.value.code == 2
    assert f"argument {option}: '{text}' names nothing" in capsys.readouterr().err


def test_one_remark_is_one_remark(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(folder / "case.toml"), "--set", "survival.months=3"]) == 0
    printed = capsys.readouterr().out
    found = resilience.solve(resilience.load(folder / "case.toml", overrides=["survival.months=3"])).findings
    counts = found["severity"].value_counts()
    for severity, noun in (("warning", "warning"), ("info", "remark")):
        number = int(counts.get(severity, 0))
        assert f"{number} {noun}{'' if number == 1 else 's'} " in printed


def test_a_byte_order_mark_and_blank_lines_do_no_harm(folder: Path) -> None:
    before = resilience.solve(resilience.load(folder / "case.toml"))
    for file in (folder / "data").glob("*.csv"):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    (folder / "case.toml").write_bytes(b"\xef\xbb\xbf" + (folder / "case.toml").read_bytes())
    after = resilience.solve(resilience.load(folder / "case.toml"))
    pd.testing.assert_frame_equal(before.requirements, after.requirements)


def test_flows_in_a_folder_and_parquet_read_the_same(folder: Path) -> None:
    before = resilience.solve(resilience.load(folder / "case.toml"))
    data = folder / "data"
    (data / "flows").mkdir()
    (data / "flows.csv").rename(data / "flows" / "wheat.csv")
    in_folder = resilience.solve(resilience.load(folder / "case.toml"))
    pd.read_csv(data / "flows" / "wheat.csv").to_parquet(data / "flows" / "wheat.parquet")
    (data / "flows" / "wheat.csv").unlink()
    in_parquet = resilience.solve(resilience.load(folder / "case.toml"))
    pd.testing.assert_frame_equal(before.requirements, in_folder.requirements)
    pd.testing.assert_frame_equal(before.requirements, in_parquet.requirements)


def test_namibia_is_a_country_and_not_a_missing_value(tmp_path: Path) -> None:
    write_dataset(tmp_path / "data", [("NAM", "AAA", 5.0)], countries=["AAA"])
    data = read_dataset(tmp_path / "data")
    assert not data.findings
    assert list(data.flows["exporter"]) == ["NAM"]


def test_value_goods_are_in_kusd(tmp_path: Path) -> None:
    write_dataset(tmp_path / "data", [("BBB", "AAA", 900.0, "wheat", 900.0)], unit="kUSD")
    write_case(tmp_path / "case.toml", members=["AAA"], cutoffs=CUT)
    assert any("900 is not value_usd / 1000" in line for line in errors(tmp_path / "case.toml"))
    replace(tmp_path / "data" / "goods.csv", "kUSD,,value", "t,,value")
    assert any('"t" does not go with flow_measure value' in line for line in errors(tmp_path / "case.toml"))


def test_strange_files_and_columns_are_warned_about(folder: Path) -> None:
    (folder / "data" / "flow.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    replace(folder / "data" / "goods.csv", ",notes", ",notes,colour")
    replace(folder / "data" / "goods.csv", "quantity,\n", "quantity,,red\n")
    messages = [str(finding) for finding in resilience.load(folder / "case.toml").findings]
    assert any("flow.csv" in text and 'did you mean "flows"?' in text for text in messages)
    assert any('unknown column "colour"' in text for text in messages)


def test_input_frames_are_not_changed(make: Maker) -> None:
    case = make(FLOWS, BALANCES, cut=["BBB"])
    before = {name: getattr(case.data, name).copy() for name in INPUTS}
    resilience.solve(case)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(frame, getattr(case.data, name))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("year = 2024", 'year = "2024"', ["year: ", "does not fit"]),
        ("year = 2024", "", ['the case needs "year"']),
        ("year = 2024", "yaer = 2024", ['unknown key "yaer"; did you mean "year"?']),
        ("year = 2024", "year = 2024\nmonths = 6", ['unknown key "months"; it belongs under [survival]']),
        ("year = 2024", "year = 2024\n[", ["not valid TOML", "line"]),
        ('members = ["AAA"]', 'members = ["AAB"]', ['"AAB" is neither a country', "AAA"]),
        ('members = ["AAA"]', 'members = ["AAA"]\nregion = ["BBB"]', ["member AAA is not in the region"]),
        ('members = ["AAA"]', 'members = ["AAA"]\ngoods = ["whaet"]', ['did you mean "wheat"?']),
        (
            'members = ["AAA"]',
            'members = ["AAA"]\nsurvival = {critical_share = 1.5}',
            ["1.5 is out of range"],
        ),
        (
            'members = ["AAA"]',
            'members = ["AAA"]\nsurvival = {critical_share = 80}',
            ["survival.critical_share: 80 is out of range", "80 % is written 0.8"],
        ),
        (
            'members = ["AAA"]',
            'members = ["AAA"]\nsurvival = {critical_shrae = 1.0}',
            ['did you mean "critical_share"?'],
        ),
        (
            'members = ["AAA"]',
            'members = ["AAA"]\nsurvival = {critical_share = {fod = 0.5}}',
            ["survival.critical_share.fod", 'did you mean "food"?'],
        ),
        ('members = ["AAA"]', 'members = ["AAA"]\nsurvival = {months = 0}', ["0 is out of range"]),
        ('members = ["AAA"]', 'members = ["AAA"]\nsurvival = {months = 2.5}', ["not a whole number"]),
        ('members = ["AAA"]', 'members = ["AAA"]\nsurvival = {profile = [1.0, 2.0]}', ["have mean 1.5"]),
        (
            'members = ["AAA"]',
            'members = ["AAA"]\nresponse = {region_surge = {rate = 0.1, mx = 1}}',
            ['unknown key "mx"; did you mean "max"?'],
        ),
        ('members = ["AAA"]', 'members = ["AAA"]\nresponse = {solidarity = 1}', ["neither true nor false"]),
        ('members = ["AAA"]', 'members = ["AAA"]\nresponse = {spare = nan}', ["not a number"]),
        (
            'members = ["AAA"]',
            'members = ["AAA"]\ngoods_override = {wheet = {months = 3}}',
            ['did you mean "wheat"?'],
        ),
        ('cut = ["BBB"]', 'cut = ["Land BBB"]', ['write "BBB"']),
        ('cut = ["BBB"]', "", ["say who is cut"]),
        ('cut = ["BBB"]', "any = 0", ["not a whole number of suppliers"]),
        ('cut = ["BBB"]', 'cut = ["BBB"]\nfraction = 1.5', ["cutoffs.cut.fraction", "out of range"]),
        ('cut = ["BBB"]', 'cut = ["BBB"]\nfraction = {CCC = 0.5}', ['"CCC" is not in cut']),
        ('cut = ["BBB"]', 'cut = ["BBB"]\nstrat = 2', ['did you mean "start"?']),
        ('name = "cut"', 'name = "ALL"', ["ALL stands for all cutoffs"]),
    ],
)
def test_a_bad_key_is_named_with_the_nearest_known_one(
    folder: Path, old: str, new: str, expected: list[str]
) -> None:
    replace(folder / "case.toml", old, new)
    found = errors(folder / "case.toml")
    assert any(all(text in line for text in ["case.toml", *expected]) for line in found), found


def test_a_ground_of_a_cutoff_that_is_not_there_is_a_warning(folder: Path) -> None:
    """Not an error: cutoffs may be exchanged for one run."""
    with (folder / "case.toml").open("a", encoding="utf-8") as stream:
        stream.write('[grounds]\n"cutoffs.cuts.fraction" = "a worry"\n"cutoffs.cut" = "a worry"\n')
    texts = [str(finding) for finding in resilience.load(folder / "case.toml").findings]
    (found,) = [text for text in texts if "grounds" in text]
    assert found.startswith("warning: case.toml, key grounds.cutoffs.cuts.fraction: ")
    assert 'none is called "cuts"; did you mean "cut"?' in found


CASES = [
    path
    for path in sorted((ROOT / "models").glob("*.toml"))
    if "members" in tomllib.loads(path.read_text("utf-8"))
]


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_a_shipped_case_says_what_it_is_and_what_each_number_stands_on(path: Path) -> None:
    raw = tomllib.loads(path.read_text("utf-8"))
    assert {"purpose", "marking", "version", "not_this"} <= set(raw["document"]) and raw["document"][
        "marking"
    ] == "DRAFT"
    for name, ground in raw["grounds"].items():
        assert {"source", "owner"} <= set(ground), name
        assert "range" not in ground["source"] and ("low" in ground) == ("high" in ground), name
    case = resilience.load(path)
    settings = {**cutoff_settings(case.file.raw)}
    for good in case.goods:
        settings |= {f"{good} {name}": one for name, one in case.file.settings(good, case.category(good)).items()}
    assert len(settings) > 20
    for name, setting in settings.items():
        if setting.set_in == "default":
            continue
        assert setting.ground.owner, name
        value = setting.value.max if isinstance(setting.value, Surge) else setting.value
        if setting.ground.low is not None and setting.ground.high is not None:
            assert setting.ground.low <= value <= setting.ground.high, name


def test_a_case_without_cutoffs_is_refused(tmp_path: Path) -> None:
    write_dataset(tmp_path / "data", FLOWS, BALANCES)
    write_case(tmp_path / "case.toml", members=["AAA"])
    assert any('needs "cutoffs"' in line for line in errors(tmp_path / "case.toml"))


def test_overrides_reach_every_place(folder: Path) -> None:
    case = resilience.load(
        folder / "case.toml",
        overrides=[
            "survival.critical_share.food=0.5",
            "survival.months=3",
            "goods_override.wheat.spare=0.25",
            "cutoffs.cut.fraction=0.5",
        ],
    )
    settings = case.file.settings("wheat", "food")
    assert settings["critical_share"].value == 0.5
    assert settings["critical_share"].set_in == "survival.critical_share.food"
    assert settings["months"].value == 3
    assert settings["spare"].value == 0.25
    assert case.file.cutoffs[0].cut == {"BBB": 0.5}
    with pytest.raises(resilience.InputError, match='no cutoff is called "cat"; did you mean "cut"'):
        resilience.load(folder / "case.toml", overrides=["cutoffs.cat.fraction=0.5"])
    with pytest.raises(resilience.InputError, match="key=value"):
        resilience.load(folder / "case.toml", overrides=["survival.months"])


def test_the_nearest_setting_wins(folder: Path) -> None:
    write_case(
        folder / "case.toml",
        members=["AAA"],
        survival={"critical_share": {"food": 0.6, "default": 0.5}, "months": 6},
        response={"stock_months": {"military": 3}, "spare": 0.1},
        goods_override={"food": {"months": 4}, "wheat": {"spare": 0.3}},
        grounds={"spare": "a survey", "critical_share.food": "a ration book"},
        cutoffs=CUT,
    )
    settings = resilience.load(folder / "case.toml").file.settings("wheat", "food")
    shown = {name: (setting.value, setting.set_in, setting.ground.source) for name, setting in settings.items()}
    assert shown["critical_share"] == (0.6, "survival.critical_share.food", "a ration book")
    assert shown["months"] == (4, "goods_override.food.months", "assumed")
    assert shown["spare"] == (0.3, "goods_override.wheat.spare", "a survey")
    assert shown["stock_months"] == (0.0, "default", "default of the tool")


NAMES = {
    "DEU": "Germany",
    "PER": "Peru",
    "GBR": "United Kingdom",
    "USA": "United States",
    "CHN": "China",
    "KOR": "South Korea",
    "GEO": "Georgia",
}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("GER", '; write "DEU" (Germany)'),
        ("Germany", '; write "DEU" (Germany)'),
        ("germ", '; write "DEU" (Germany)'),
        ("Germny", '; write "DEU" (Germany)'),
        ("deu", '; write "DEU" (Germany)'),
        ("DE", '; write "DEU" (Germany)'),
        ("UK", '; write "GBR" (United Kingdom)'),
        ("U.K.", '; write "GBR" (United Kingdom)'),
        ("CHINA", '; write "CHN" (China)'),
        ("ROK", '; write "KOR" (South Korea)'),
        ("France", '; write "FRA" and list it in countries.csv'),
        ("nato", '; did you mean "NATO"?'),
        ("NAT0", '; did you mean "NATO"?'),
        ("KRO", '; did you mean "KOR" (South Korea)?'),
        ("Atlantis", "; write an ISO 3166 alpha-3 code such as DEU, or one of NATO, G7"),
        ("United", "; write an ISO 3166 alpha-3 code such as DEU, or one of NATO, G7"),
        ("", "; write an ISO 3166 alpha-3 code such as DEU, or one of NATO, G7"),
    ],
)
def test_a_country_is_suggested_by_what_it_is_called_not_by_its_letters(word: str, expected: str) -> None:
    assert country_hint(word, NAMES, ["NATO", "G7"]) == expected


@pytest.mark.parametrize(
    ("value", "least", "most", "expected"),
    [
        (0.8, 0, 1, None),
        ("0,8", 0, 1, "'0,8' is not a number; write it with a decimal point: 0.8"),
        ("80 %", 0, 1, "'80 %' is not a number; 80 % is written 0.8"),
        ("7,5%", 0, 1, "'7,5%' is not a number; 7.5 % is written 0.075"),
        ("1,234", 0, 1e6, "'1,234' is not a number; write it without thousands separators: 1234"),
        ("many", 0, 1, "'many' is not a number"),
        (True, 0, 1, "True is not a number"),
        (80, 0, 1, "80 is out of range: at least 0 and at most 1; 80 % is written 0.8"),
        (1.5, 0, 1, "1.5 is out of range: at least 0 and at most 1"),
        (800, 0, 600, "800 is out of range: at least 0 and at most 600"),
        (-1, 0, float("inf"), "-1 is out of range: at least 0"),
    ],
)
def test_a_number_that_does_not_fit_is_shown_as_it_is_written(
    value: object, least: float, most: float, expected: str | None
) -> None:
    assert number_problem(value, least, most) == expected
