"""The command line as other programs see it: exit status, streams, files."""

from __future__ import annotations

import io
import json
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import write_case, write_dataset

import resilience
import resilience.solver
from resilience.cli import main
from resilience.commands import terminal
from resilience.commands.terminal import Progress, print_findings
from resilience.errors import Finding
from resilience.results import NOT_IN_JSON
from resilience.schema import RESULTS
from resilience.studies.points import Evaluate
from resilience.words import amount


@pytest.fixture
def case(tmp_path: Path) -> Path:
    write_dataset(
        tmp_path / "data",
        [("BBB", "AAA", 900.0), ("BBB", "AAA", 70.0, "steel")],
        [
            {"country": "AAA", "production": 300},
            {"country": "BBB", "production": 900},
            {"country": "AAA", "good": "steel", "production": 30},
            {"country": "BBB", "good": "steel", "production": 70},
        ],
        goods=[("wheat", "food"), ("steel", "military")],
        coalitions=[("home", "AAA", "")],
    )
    return write_case(
        tmp_path / "case.toml",
        title="A case",
        members="home",
        survival={"critical_share": 0.5, "months": 12},
        cutoffs=[{"name": "cut", "cut": ["BBB"]}],
    )


def test_run_writes_nothing_unless_asked(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {file: file.stat().st_mtime_ns for file in case.parent.rglob("*")}
    assert main(["run", str(case)]) == 0
    assert {file: file.stat().st_mtime_ns for file in case.parent.rglob("*")} == before
    printed = capsys.readouterr().out
    assert "wheat" in printed and "build" in printed and "AAA 25 %→50 %" in printed
    assert "nothing was written" in printed


def test_json_has_the_contracts_tables(case: Path, tmp_path: Path) -> None:
    assert main(["run", str(case), "--out", str(tmp_path / "new" / "r.json"), "--quiet"]) == 0
    document = json.loads((tmp_path / "new" / "r.json").read_text(encoding="utf-8"))
    assert set(document) == {"meta", "tables"}
    assert set(document["tables"]) == {*RESULTS} - {*NOT_IN_JSON}
    for name in document["tables"]:
        table = RESULTS[name]
        for record in document["tables"][name]:
            assert tuple(record) == table.names, name
    first = document["tables"]["requirements"][0]
    assert first["share"] == pytest.approx(0.5)
    assert first["share_upper"] is None
    assert document["meta"]["certificate"]["optima"] > 0
    assert "NaN" not in (tmp_path / "new" / "r.json").read_text(encoding="utf-8")


def test_the_same_numbers_in_all_outputs(case: Path, tmp_path: Path) -> None:
    for target in ("r.json", "r.xlsx", "folder"):
        assert main(["run", str(case), "--no-rests", "--out", str(tmp_path / target), "--quiet"]) == 0
    direct = resilience.solve(resilience.load(case)).requirements
    from_csv = pd.read_csv(tmp_path / "folder" / "requirements.csv")
    pd.testing.assert_series_equal(direct["share"], from_csv["share"])
    records = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["tables"]["requirements"]
    assert [record["share"] for record in records] == pytest.approx(list(direct["share"]))
    assert (tmp_path / "r.xlsx").stat().st_size > 5000
    assert {file.stem for file in (tmp_path / "folder").iterdir()} == {*RESULTS, "meta"}


def test_two_processes_give_the_same_bytes(case: Path, tmp_path: Path) -> None:
    for workers in ("1", "2"):
        out = str(tmp_path / f"{workers}.json")
        assert main(["run", str(case), "--out", out, "--quiet", "--workers", workers]) == 0
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()


def test_options_choose_goods_members_year_and_numbers(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    options = [
        "--goods",
        "military",
        "--members",
        "AAA",
        "--year",
        "2030",
        "--set",
        "survival.critical_share=0.4",
    ]
    assert main(["run", str(case), "--out", str(out), "--quiet", *options]) == 0
    rows = json.loads(out.read_text(encoding="utf-8"))["tables"]["requirements"]
    assert {row["good"] for row in rows} == {"steel"}
    assert rows[0]["share"] == pytest.approx(0.4)


def test_check_reports_and_computes_nothing(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(case)]) == 0
    assert "fit: 2 goods, 1 member, 1 cutoff" in capsys.readouterr().out


def test_findings_of_one_kind_are_printed_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    findings = [
        Finding("info", "balances", None, "demand", "wheat 2024: AAA: 5% of 20 t is home; scaled up"),
        Finding("warning", "flows", 3, "value", "-1 is below 0"),
        Finding("info", "balances", None, "demand", "wheat 2024: BBB: 7% of 20 t is home; scaled up"),
        Finding("info", "balances", None, "demand", "steel 2023: BBB: 7% of 20 t is home; scaled up"),
        Finding("info", "balances", None, "production", "steel 2023: 7% of 20 t is home; scaled up"),
        Finding("warning", "flows", 9, "value", "-1 is below 0"),
    ]
    print_findings(findings, False, sys.stdout)
    assert capsys.readouterr().out.splitlines() == [
        "warning: flows, column value: -1 is below 0",
        "  2 times: row 3, row 9",
        "info: balances, column demand: … of 20 t is home; scaled up",
        "  3 times: wheat AAA, BBB; steel BBB",
        "info: balances, column production: steel 2023: 7% of 20 t is home; scaled up",
    ]
    print_findings(findings, False, sys.stdout, each=True)
    assert capsys.readouterr().out.splitlines() == [str(findings[n]) for n in (1, 5, 0, 2, 3, 4)]


def test_errors_are_printed_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    findings = [Finding("error", "flows", row, "value", "-1 is below 0") for row in (3, 9)]
    print_findings(findings, False, sys.stdout)
    assert capsys.readouterr().out.splitlines() == [*map(str, findings), "2 errors; nothing was computed"]


def test_a_decimal_comma_is_named(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["frontier", str(case), "--good", "wheat", "--over", "survival.months", "--from", "0,5", "--to", "8"])
    assert stopped.value.code == 2
    assert "'0,5' is not a number; write it with a decimal point: 0.5" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run", "CASE", "--goods", "wheet"], 'did you mean "wheat"?'),
        (["run", "CASE", "--set", "survival.month=3"], 'did you mean "months"?'),
        (["run", "CASE", "--set", "survival.critical_share=0,8"], "write it with a decimal point: 0.8"),
        (["run", "CASE", "--members", "XXX"], '"XXX" is neither a country'),
        (["run", "CASE", "--members", "Land BBB"], 'nor a coalition; write "BBB" (Land BBB)'),
        (["sanctions", "CASE", "--target", "Land BBB"], 'nor a coalition; write "BBB" (Land BBB)'),
        (
            [
                "frontier",
                "CASE",
                "--good",
                "wheat",
                "--over",
                "response.spare",
                "--from",
                "0",
                "--to",
                "1",
                "--member",
                "Land AAA",
            ],
            'is no member of the case; write "AAA" (Land AAA)',
        ),
        (["run", "CASE", "--out", "result.xls"], "use .xlsx, .json or the name of a folder"),
        (["run", "CASE", "--pictures", "CASE"], "this is a file; name a folder for the pictures"),
        (["run", "CASE", "--workers", "0"], "at least one process"),
        (["run", "no-such-case.toml"], "there is no case file"),
        (["check", "."], "is a folder"),
    ],
)
def test_bad_input_is_status_2_on_standard_error(
    case: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    status = main([str(case) if word == "CASE" else word for word in arguments])
    printed = capsys.readouterr()
    assert status == 2
    assert expected in printed.err
    assert "Traceback" not in printed.err
    assert not printed.out


def test_a_solver_that_is_not_optimal_is_status_3_and_no_file(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resilience.solver, "TOLERANCE", -1e-12)
    assert main(["run", str(case), "--out", str(tmp_path / "r.json")]) == 3
    printed = capsys.readouterr()
    assert "wheat, member AAA, cutoff cut, stage 1" in printed.err
    assert not printed.out
    assert not (tmp_path / "r.json").exists()


def test_errors_pass_from_a_worker_process() -> None:
    for error in (
        resilience.SolverError("it gave up", "wheat", (1, 2, 3)),
        resilience.InputError([resilience.Finding("error", "flows.csv", 2, "quantity", "is negative")]),
    ):
        again = pickle.loads(pickle.dumps(error))
        assert str(again) == str(error) and type(again) is type(error)


def test_a_fault_of_the_program_is_status_1(
    case: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bolt came loose")

    monkeypatch.setattr("resilience.calculator.solve", broken)
    assert main(["run", str(case)]) == 1
    assert "fault of the program" in capsys.readouterr().err


def test_no_share_suffices_is_a_finding_and_status_0(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(case), "--set", "response.new_capacity=0"]) == 0
    printed = capsys.readouterr().out
    assert "none" in printed
    assert "100 %" not in printed.split("met:")[0].split("members that")[1]


def test_help_is_worth_reading_and_quick() -> None:
    for arguments in ([], ["run"], ["check"]):
        shown = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "resilience", *arguments, "--help"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert "usage: resilience" in shown.stdout
        assert "pandas" not in shown.stderr and "pyomo" not in shown.stderr
    assert main(["--version"]) == 0
    assert main([]) == 2


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0 t"),
        (0.00412, "0.00412 t"),
        (0.5, "0.5 t"),
        (3.14159, "3.14 t"),
        (31.4159, "31.4 t"),
        (314.159, "314 t"),
        (1234567.0, "1,230,000 t"),
        (-954.87, "-955 t"),
        (float("nan"), "–"),
    ],
)
def test_amounts_in_words(number: float, shown: str) -> None:
    assert amount(number, "t") == shown


def test_where_there_is_no_terminal_lines_say_how_far_it_is(
    case: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "EVERY", 0.01)
    for command in ("run", "sanctions", "burden"):
        few = ["--set", "rests=false"]
        assert main([command, str(case), *few]) == 0
        assert re.search(r"^\d of \d goods", capsys.readouterr().err, flags=re.MULTILINE), command
        assert main([command, str(case), *few, "--quiet"]) == 0
        assert not capsys.readouterr().err, command


def test_the_time_left_is_that_of_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((0.0, 20.0, 20.0, 30.0, 200.0, 7000.0, 7000.0))
    monkeypatch.setattr(terminal, "monotonic", lambda: next(clock))
    progress = Progress(terminal.console_of(io.StringIO()), 10, quiet=True)
    progress.advance("wheat", 4, 10)  # after 20 s, so 5 s a good
    assert progress.line() == "4 of 10 goods, about 30 s left"
    assert progress.line() == "4 of 10 goods, about 20 s left"
    assert progress.line() == "4 of 10 goods, 3 min so far"  # longer than the others were: no guess
    progress.advance("steel", 10, 10)
    assert progress.line() == "10 of 10 goods; what follows from them is being worked out, 1.9 h so far"


def test_what_was_done_before_is_not_counted_as_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((0.0, 5.0, 5.0, 15.0, 15.0))
    monkeypatch.setattr(terminal, "monotonic", lambda: next(clock))
    progress = Progress(terminal.console_of(io.StringIO()), None, quiet=True, what="points")
    progress.advance("", 50, 100)
    progress.advance("", 60, 100)  # 10 points in 10 s
    assert progress.line() == "60 of 100 points, about 40 s left" and progress.now_done == 10


def test_each_region_is_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "monotonic", lambda: 0.0)
    progress = Progress(terminal.console_of(io.StringIO()), 2, quiet=True, rounds=2)
    for done, counted in ((1, 1), (2, 2), (1, 3), (2, 4)):
        progress.advance("wheat", done, 2)
        assert progress.line().startswith(f"{counted} of 4 goods")


def test_a_region_to_which_members_are_added_is_explained(
    case: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "EVERY", 0.01)
    (case.parent / "data" / "coalitions.csv").write_text(
        "coalition,country,credit\nhome,AAA,\nabroad,BBB,\n", encoding="utf-8"
    )
    assert main(["compare", str(case), "--regions", "home,abroad,home"]) == 0
    printed = capsys.readouterr()
    assert "abroad with AAA: abroad and Land AAA, as the region must hold every member." in printed.out
    assert "home:" not in printed.out
    assert re.search(r"^\d of 4 goods, one region after the other", printed.err, flags=re.MULTILINE)


def test_a_study_ends_with_what_it_found(case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = '[study]\ndesign = "one_at_a_time"\npoints = 3\ntarget = 0.7\n'
    text += '[study.factors]\n"survival.critical_share" = [0.1, 0.9]\n'
    case.write_text(case.read_text(encoding="utf-8") + text, encoding="utf-8")
    assert main(["study", str(case), "--out", str(tmp_path / "s.json"), "--workers", "1", "--goods", "wheat"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    # Home makes a quarter, and the rest can only be bought there; if more is critical, as much must come from home.
    assert "all members, planned: the case's verdict, build, holds in 67 % of 3 points" in printed
    assert "What it rests on, one at a time: critical share 25–90 %." in printed
    assert "Break-even, one at a time: critical share: crosses 70 % at 70 %." in printed


def test_a_study_of_which_most_failed_ends_loudly(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Evaluate, points: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"point": points["point"], "good": None, "status": "error", "message": "no data"})

    monkeypatch.setattr(Evaluate, "__call__", fail)
    text = (
        '[study]\ndesign = "one_at_a_time"\npoints = 3\n[study.factors]\n"survival.critical_share" = [0.1, 0.9]\n'
    )
    case.write_text(case.read_text(encoding="utf-8") + text, encoding="utf-8")
    assert main(["study", str(case), "--out", str(tmp_path / "s.json"), "--workers", "1", "--goods", "wheat"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.endswith("MOST POINTS FAILED: 4 of 4 could not be computed: 4 × no data")


def test_a_study_file_is_no_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "s.toml").write_text('case = "c.toml"\n[study]\n', encoding="utf-8")
    assert main(["check", str(tmp_path / "s.toml")]) == 2
    assert "this is a study of another case; use: resilience study" in capsys.readouterr().err
