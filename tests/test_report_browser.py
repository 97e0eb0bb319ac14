"""The report in a real browser: nothing is asked of the network, nothing goes wrong, nothing sticks out."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import Watched, chromium

import resilience
from resilience.handoff.report import write_report
from resilience.results import Result

ROOT = Path(__file__).parent.parent
LONG = "<script>document.title = 'owned'</script>" + "W" * 300
WIDTHS = (390, 1280)
TABLES = """[...document.querySelectorAll('.box')].map(box => {
    const own = box.getBoundingClientRect(), caption = box.querySelector('caption span');
    box.scrollLeft = 9999;
    const scrolled = caption.getBoundingClientRect(), wide = document.documentElement.clientWidth;
    return {
        name: box.getAttribute('aria-label').split(' and over')[0],
        scrolls: box.scrollLeft > 0,
        fits: own.left >= 0 && own.right <= wide && scrolled.left >= 0 && scrolled.right <= wide,
    };
})"""  # every table in a box of its own, and its caption in sight wherever that is moved


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A report of three goods and seven members, and the same with hostile names."""
    case = resilience.load(ROOT / "models" / "g7-china.toml", goods=["magnesium", "titanium", "palladium"])
    result = resilience.solve(case)
    folder = tmp_path_factory.mktemp("report")
    write_report(result, folder / "plain.html", burden=resilience.burden(case, result))
    meta = {**result.meta, "title": LONG, "labels": dict.fromkeys(result.meta["labels"], LONG)}
    meta |= {
        "members": dict.fromkeys(result.meta["members"], LONG),
        "document": {"marking": LONG, "contact": LONG},
    }
    write_report(Result(meta, result.tables), folder / "hostile.html")
    return [folder / "plain.html", folder / "hostile.html"]


@pytest.mark.slow
def test_a_report_is_quiet_and_fits_a_phone_and_a_desk(pages: list[Path]) -> None:
    with chromium() as browser:
        for path in pages:
            for width in WIDTHS:
                seen = Watched(browser, width)
                seen.page.goto(path.as_uri())
                assert seen.said == [], path.name
                assert seen.asked == [path.as_uri()], path.name
                assert seen.width <= width, f"{path.name} at {width}"
                assert seen.page.title() != "owned"
                small = seen.page.evaluate(
                    "[...document.querySelectorAll('figure svg')].filter(s => s.getBoundingClientRect().width < 300).length"
                )
                assert small == 0 and seen.page.locator("figure svg").count() >= 8
                broad = seen.page.evaluate(
                    """[...document.querySelectorAll('figure svg text')].filter(text => {
                        const own = text.getBoundingClientRect(), all = text.closest('svg').getBoundingClientRect();
                        return own.right > all.right + 2 || own.left < all.left - 2;
                    }).map(text => text.textContent)"""
                )
                assert broad == [], f"{path.name} at {width}: text sticks out of its picture"
                tables = seen.page.evaluate(TABLES)
                assert all(box["fits"] for box in tables), [box for box in tables if not box["fits"]]
                if (path.name, width) == ("plain.html", 390):
                    assert [box["name"] for box in tables if box["scrolls"]] == [
                        "Verdict, and share today → least share, by good and member.",
                        "Cost of the requirement in USD a year,",
                    ]


@pytest.mark.slow
def test_a_report_prints_on_a4_with_its_marking(pages: list[Path], tmp_path: Path) -> None:
    import subprocess

    text = (
        pages[0].read_text(encoding="utf-8").replace("@top-center { content: ", '@top-center { content: "SECRET" ')
    )
    (tmp_path / "r.html").write_text(text, encoding="utf-8")
    with chromium() as browser:
        page = browser.new_page()
        page.goto((tmp_path / "r.html").as_uri())
        page.pdf(path=str(tmp_path / "r.pdf"), prefer_css_page_size=True)
    run = {"capture_output": True, "text": True, "check": True, "encoding": "utf-8"}
    about = subprocess.run(["pdfinfo", str(tmp_path / "r.pdf")], **run).stdout
    assert "(A4)" in about
    pages_of = subprocess.run(["pdftotext", "-layout", str(tmp_path / "r.pdf"), "-"], **run).stdout.split("\f")[
        :-1
    ]
    assert len(pages_of) >= 5
    method = next(one for one in pages_of if "The method in one page" in one)
    assert "What is feared" in method and "Units" in method
    assert all("SECRET" in one for one in pages_of)
