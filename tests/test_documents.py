"""The README and the examples: what they say is run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pandas as pd
import pytest

import resilience
from resilience.cli import parser
from resilience.inputs.parameters import PARAMETERS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
LISTED = re.findall(r"^\| .*`[\w-]+\.toml`.*", README, flags=re.MULTILINE)
CASES = sorted({ROOT / "models" / name for row in LISTED for name in re.findall(r"`([\w-]+\.toml)`", row)})


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_links_of_the_readme_lead_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert len(links) > 5
    for link in links:
        assert (ROOT / link).exists(), link


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda path: path.name
)
def test_commands_of_the_documents_are_taken(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for block in re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL):
        for command in re.findall(r"python -m resilience (.*)", block):
            parser().parse_args(shlex.split(command))  # ends the test if an option is not known


def test_every_case_is_listed_and_every_listed_case_is_there() -> None:
    """Of those that come with the tool; a reader's own copies are no business of ours."""
    if not (ROOT / ".git").exists():
        assert all(case.exists() for case in CASES)
        return
    names = subprocess.run(["git", "ls-files", "models"], cwd=ROOT, capture_output=True, text=True, check=True)
    shipped = {name.removeprefix("models/") for name in names.stdout.splitlines()}
    assert {case.name for case in CASES} == {name for name in shipped if not name.startswith("study-")}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_case_loads_and_gives_a_ground_for_what_it_sets(path: Path) -> None:
    case = resilience.load(path)
    hit = "is a member and is hit by the cutoff itself"  # a contingency may impair members: said, and meant
    assert not [str(f) for f in case.findings if f.severity != "info" and not f.message.endswith(hit)]
    for good in case.goods:
        for name, setting in case.file.settings(good, case.category(good)).items():
            if setting.set_in != "default":
                assert setting.ground.source != "assumed", f"{setting.set_in} of {good} has no ground"
            else:
                assert setting.value == PARAMETERS[name].default


def copy(target: Path) -> Path:
    """The project as a stranger gets it: what git tracks or would track."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in names:
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def run(command: str, folder: Path, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.mark.slow
def test_the_first_command_on_a_fresh_machine(tmp_path: Path) -> None:
    """A new virtual environment, the README's first command to the letter, and the workbook is there."""
    folder = copy(tmp_path / "project")
    venv.create(tmp_path / "fresh", with_pip=True)
    binaries = tmp_path / "fresh" / ("Scripts" if os.name == "nt" else "bin")
    environment = {
        **{key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")},
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
    }
    first = blocks("console")[0].strip()
    assert "pip install" in first and first.endswith("--out g7-china.xlsx")
    printed = run(first, folder, environment)
    assert "tungsten" in printed and "written: g7-china.xlsx" in printed
    assert (folder / "g7-china.xlsx").stat().st_size > 100_000


@pytest.mark.slow
def test_every_other_command_and_the_python_of_the_readme(tmp_path: Path) -> None:
    folder = copy(tmp_path / "project")
    commands = [line for block in blocks("console")[2:] for line in block.splitlines()]
    assert len(commands) >= 4
    for command in commands:
        assert command.startswith("python ")
        run(f'"{sys.executable}" {command.removeprefix("python ")}', folder)
    assert (folder / "results" / "big-three.json").exists()
    (code,) = blocks("python")
    (folder / "snippet.py").write_text(code, encoding="utf-8")
    assert "magnets" in run(f'"{sys.executable}" snippet.py', folder)
    assert (folder / "magnets.xlsx").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "examples").glob("*.py")))
def test_every_example_runs(tmp_path: Path, name: str) -> None:
    folder = copy(tmp_path / "project")
    assert "written:" in run(f'"{sys.executable}" {Path("examples") / name}', folder)


@pytest.mark.slow
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_case_runs_through(tmp_path: Path, path: Path) -> None:
    out = tmp_path / "result.json"
    run(f'"{sys.executable}" -m resilience run "{path}" --out "{out}" --quiet', ROOT)
    assert out.stat().st_size > 100_000


def _together(table: pd.DataFrame) -> pd.DataFrame:
    """The planned rows of all members under all cutoffs, by good."""
    rows = table[(table["member"] == "ALL") & (table["cutoff"] == "ALL") & (table["reading"] == "planned")]
    return rows.set_index("good")


@pytest.mark.slow
def test_the_findings_of_the_readme() -> None:
    """The figures the README quotes are those the cases give."""
    china = resilience.solve(resilience.load(ROOT / "models" / "g7-china.toml"), workers=2).requirements
    together = _together(china)
    for good in ("wheat", "maize", "rice", "soybeans", "crude_oil", "lng", "hard_coal"):
        assert together.loc[good, "status"] == "met", good
    for good, today, needed in (
        ("magnets", 8, 38),
        ("tungsten", 12, 64),
        ("magnesium", 0, 39),
        ("natural_graphite", 9, 36),
        ("lithium_hydroxide", 16, 53),
    ):
        row = together.loc[good]
        assert (round(100 * row["share_today"]), round(100 * row["share"])) == (today, needed), good
        assert row["status"] == "build", good
    assert {together.loc[good, "status"] for good in ("rare_earth_compounds", "antimony")} == {"shift"}

    siege = resilience.solve(resilience.load(ROOT / "models" / "g7-all.toml"), workers=2).requirements
    together = _together(siege)
    assert (together["share"].sub((12 * 0.90 - 2) / 12.9).abs() < 1e-6).sum() == 21

    caps = resilience.solve(
        resilience.load(
            ROOT / "models" / "g7-china.toml", goods=["magnets", "natural_graphite"], overrides=["caps=true"]
        )
    ).caps.set_index("good")["cap_alone"]
    assert caps["natural_graphite"].between(0.265, 0.295).all()
    assert caps["magnets"].isna().all()

    russia = resilience.solve(resilience.load(ROOT / "models" / "g7-russia.toml"), workers=2).requirements
    together = _together(russia)
    assert list(together.index[together["status"].isin(["raise", "build", "none"])]) == ["palladium"]
