"""Workbooks from strangers: bombs, macros, links, damage and other kinds of files; nothing runs, fetches or expands."""

from __future__ import annotations

import io
import socket
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from forms import form_of, with_parts, write_small
from hypothesis import given, settings
from hypothesis import strategies as st

import resilience
from resilience.cli import main
from resilience.errors import Finding
from resilience.inputs import incoming

SHEET = "xl/worksheets/sheet3.xml"
LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><w>&c;</w>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]><w>&x;</w>"""
FETCH = b"""<?xml version="1.0"?><!DOCTYPE w SYSTEM "http://127.0.0.1:9/x.dtd"><w/>"""


@pytest.fixture
def form(tmp_path: Path) -> Path:
    return form_of(write_small(tmp_path))


def errors(path: Path) -> list[str]:
    """The errors of loading a form with its case, in no more than seconds and a little memory."""
    start = time.perf_counter()
    with pytest.raises(resilience.InputError) as caught:
        resilience.load(path.parent / "case.toml", inputs=path)
    assert time.perf_counter() - start < 20
    return [str(finding) for finding in caught.value.findings if finding.severity == "error"]


def says(path: Path, *texts: str) -> None:
    found = errors(path)
    assert any(all(text in line for text in texts) for line in found), found


# XML that expands or reads files.


@pytest.mark.parametrize("bomb", [LAUGHS, OUTSIDE, FETCH], ids=["laughs", "file", "fetch"])
@pytest.mark.parametrize(
    "part", [SHEET, "xl/sharedStrings.xml", "xl/workbook.xml", "[Content_Types].xml", "docProps/core.xml"]
)
def test_a_document_type_is_refused_in_every_part(form: Path, part: str, bomb: bytes) -> None:
    says(with_parts(form, {part: bomb}), part, "document type or an entity")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_a_document_type_is_found_in_any_encoding(form: Path, encoding: str) -> None:
    text = LAUGHS.decode().replace('version="1.0"', f'version="1.0" encoding="{encoding.removesuffix("-sig")}"')
    content = text.encode(encoding)
    if encoding == "utf-16-be":
        content = b"\xfe\xff" + content
        content = content.replace("utf-16-be".encode("utf-16-be"), "utf-16".encode("utf-16-be"))
    says(with_parts(form, {SHEET: content}), "document type or an entity")


def test_xml_under_another_name_is_searched_too(form: Path) -> None:
    says(with_parts(form, {"xl/media/picture.png": LAUGHS}), "picture.png", "document type or an entity")


def test_openpyxl_itself_reads_with_defusedxml(form: Path) -> None:
    """The second wall: a workbook that was not searched would be refused by openpyxl's own parser."""
    from defusedxml import DefusedXmlException

    assert openpyxl.DEFUSEDXML
    assert incoming.iterparse.__module__.startswith("defusedxml")
    for part in (SHEET, "xl/workbook.xml", "xl/sharedStrings.xml"):
        spoiled = with_parts(form_of(form.parent / "case.toml"), {part: LAUGHS})
        with pytest.raises((DefusedXmlException, ValueError)):
            for sheet in openpyxl.load_workbook(spoiled).worksheets:
                list(sheet.iter_rows())


# Zip files that expand, or lie.


def test_a_part_that_unpacks_too_far_is_refused(form: Path) -> None:
    says(
        with_parts(form, {"xl/media/zeros.bin": bytes(30 * incoming.MIB)}),
        "zeros.bin",
        "more than 200 times its size, the limit",
    )
    assert form.stat().st_size < 100_000


def test_a_file_that_unpacks_too_far_is_refused(form: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_parts(form, {f"xl/media/{n}.bin": bytes(incoming.MIB) for n in range(310)})
    assert form.stat().st_size < 1_000_000
    says(form, "unpacks to 31", "the limit is 300 MiB")
    monkeypatch.setattr(incoming, "MOST_BYTES", 1000)
    says(form, "larger than", "the limit")


def test_a_file_of_too_many_parts_is_refused(form: Path) -> None:
    says(with_parts(form, {f"xl/media/{n}.bin": b"" for n in range(2001)}), "parts; the limit is 2,000")


def test_two_parts_of_one_name_are_refused(form: Path) -> None:
    with zipfile.ZipFile(form, "a") as archive:
        archive.writestr(SHEET.upper(), b"<x/>")
    says(form, "two parts of one name")


def lying(path: Path, part: str, offset: int, value: int) -> Path:
    """The zip file with a number in the central directory entry of a part overwritten."""
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(part.encode()))
    struct.pack_into("<I", content, at + offset, value)
    path.write_bytes(bytes(content))
    return path


def test_a_part_that_lies_about_its_size_is_refused(form: Path) -> None:
    """A bomb of 60 MiB that says it has 100 bytes: no more than those are unpacked."""
    with_parts(form, {"xl/media/zeros.bin": bytes(60 * incoming.MIB)})
    says(lying(form, "xl/media/zeros.bin", 24, 100), "the workbook is damaged")


def test_a_part_that_overstates_its_size_is_refused(form: Path) -> None:
    says(lying(form, SHEET, 24, 900_000), SHEET, "is not as long as the file says")


def test_parts_that_share_their_bytes_are_refused(form: Path) -> None:
    """Many entries of the directory that point at one piece of data: each counts in full."""
    with_parts(form, {"xl/media/a.bin": b"x" * 1000, "xl/media/b.bin": b"x" * 1000})
    content = form.read_bytes()
    first = struct.unpack_from(
        "<I", content, content.rindex(b"PK\x01\x02", 0, content.rindex(b"xl/media/a.bin")) + 42
    )[0]
    says(lying(form, "xl/media/b.bin", 42, first), "the workbook is damaged")


def test_an_encrypted_part_is_refused(form: Path) -> None:
    content = bytearray(form.read_bytes())
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(SHEET.encode()))
    content[at + 8] |= 1
    form.write_bytes(bytes(content))
    says(form, "encrypted")


def test_a_part_packed_in_another_way_is_refused(form: Path) -> None:
    with zipfile.ZipFile(form, "a", zipfile.ZIP_LZMA) as archive:
        archive.writestr("xl/media/x.bin", b"x")
    says(form, "packed in a way Excel does not use")


# Cells far away, or too many.


def row_of(number: int, cells: str) -> bytes:
    head = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    return head + f'<row r="{number}">{cells}</row>'.encode() + b"</sheetData></worksheet>"


def test_a_cell_in_the_last_corner_does_not_fill_the_sheet(form: Path) -> None:
    cell = '<c r="XFD1048576" t="inlineStr"><is><t>Name</t></is></c>'
    says(with_parts(form, {SHEET: row_of(1048576, cell)}), "Assumptions", "column")


def test_a_row_of_too_many_cells_is_refused(form: Path) -> None:
    with_parts(form, {SHEET: row_of(1, "<c/>" * 600_000)}, zipfile.ZIP_STORED)
    says(form, "more than 500,000 XML elements in one piece, the limit")


def test_too_many_cells_are_refused(form: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "MOST_CELLS", 50)
    says(form, "more than 50 cells", "CSV")


def test_deep_nesting_does_no_harm(form: Path) -> None:
    with_parts(form, {SHEET: b"<a>" * 200_000 + b"</a>" * 200_000}, zipfile.ZIP_STORED)
    says(form, "no row with the headings")


# What could run or fetch.


def test_macros_are_refused(form: Path) -> None:
    says(with_parts(form, {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"}), "holds macros, which are never run here")


def test_a_workbook_that_says_it_has_macros_is_refused(form: Path) -> None:
    def change(content: bytes) -> bytes:
        return content.replace(b"spreadsheetml.sheet.main+xml", b"ms-excel.sheet.macroEnabled.main+xml").replace(
            b"openxmlformats-officedocument.ms-excel", b"ms-excel"
        )

    says(with_parts(form, {"[Content_Types].xml": change}), "macros")


LINK = (
    b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    b'<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath" '
    b'Target="http://127.0.0.1:9/secret.xlsx" TargetMode="External"/></Relationships>'
)
DDE = (
    b'<?xml version="1.0"?><externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b'<ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'
)
QUERY = (
    b'<?xml version="1.0"?><connections xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b'<connection id="1" name="payroll"/></connections>'
)


def _warnings(path: Path) -> list[str]:
    findings: list[Finding] = []
    assert incoming.open_book(path, findings) is not None
    return [finding.message for finding in findings if finding.severity == "warning"]


def test_parts_that_nothing_points_to_are_named(form: Path) -> None:
    assert _warnings(form) == []  # a form of this tool has none
    (said,) = _warnings(with_parts(form, {"xl/hidden/notes.xml": b"<notes/>", "payload.bin": b"\x00\x01"}))
    assert said.startswith("parts that nothing in the workbook points to are ignored")
    assert "xl/hidden/notes.xml" in said and "payload.bin" in said


def test_parts_that_point_to_each_other_only_are_named(form: Path) -> None:
    """Two parts with a relation between them, to which none leads from the workbook."""
    relation = (
        b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Id="r1" Type="x" Target="two.xml"/></Relationships>'
    )
    parts = {"apart/one.xml": b"<a/>", "apart/two.xml": b"<a/>", "apart/_rels/one.xml.rels": relation}
    (said,) = _warnings(with_parts(form, parts))
    assert all(name in said for name in parts)


def test_a_part_reached_by_an_absolute_or_a_coded_target_is_none_of_them(form: Path) -> None:
    with zipfile.ZipFile(form) as archive:
        relations = archive.read("xl/_rels/workbook.xml.rels")
    more = b'<Relationship Id="r99" Type="x" Target="/xl/My%20part.xml"/></Relationships>'
    parts = {
        "xl/_rels/workbook.xml.rels": relations.replace(b"</Relationships>", more),
        "xl/my part.xml": b"<a/>",
    }
    assert _warnings(with_parts(form, parts)) == []


def test_what_leads_outside_is_ignored_and_named(form: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object, **__: object) -> None:
        raise AssertionError("something was fetched or run")

    with_parts(
        form,
        {
            "xl/externalLinks/externalLink1.xml": DDE,
            "xl/externalLinks/_rels/externalLink1.xml.rels": LINK,
            "xl/connections.xml": QUERY,
            "xl/embeddings/oleObject1.bin": b"\xd0\xcf\x11\xe0",
            "xl/worksheets/_rels/sheet9.xml.rels": LINK.replace(b"externalLinkPath", b"hyperlink"),
        },
    )
    monkeypatch.setattr(socket, "socket", nothing)
    monkeypatch.setattr(subprocess, "Popen", nothing)
    found = [str(finding) for finding in resilience.load(form).findings if finding.severity == "warning"]
    for texts in (
        ("links to other files are ignored", "http://127.0.0.1:9/secret.xlsx"),
        ("links to other programs (DDE) are ignored", "cmd|/c calc"),
        ("data connections are ignored", "payroll"),
        ("embedded objects are ignored", "oleObject1.bin"),
        ("hyperlinks are ignored",),
    ):
        assert any("inputs.xlsx" in line and all(text in line for text in texts) for line in found), found


LINKING = b'<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'


def _related(form: Path, target: bytes) -> dict[str, bytes]:
    """The relations of the workbook with one more, to a link that is said to be inside."""
    with zipfile.ZipFile(form) as archive:
        relations = archive.read("xl/_rels/workbook.xml.rels")
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLink"
    more = b'<Relationship Id="r99" Type="' + kind + b'" Target="' + target + b'"/></Relationships>'
    return {"xl/_rels/workbook.xml.rels": relations.replace(b"</Relationships>", more)}


@pytest.mark.parametrize(
    ("target", "part"),
    [
        (b"externalLinks/externalLink1.xml", "xl/externalLinks/externalLink1.xml"),
        (b"/xl/externalLinks/externalLink1.xml", "xl/externalLinks/externalLink1.xml"),
        (b"externalLinks/externalLink1.xml", None),  # the relation alone
    ],
)
def test_a_link_that_names_no_file_is_named_by_its_part(form: Path, target: bytes, part: str | None) -> None:
    parts = _related(form, target) | ({part: LINKING} if part else {})
    (said,) = _warnings(with_parts(form, parts))
    assert said == (
        "links to other files are ignored, nothing was fetched or run: externalLinks/externalLink1.xml"
    )


def test_a_part_of_links_under_any_name_is_named(form: Path) -> None:
    said = _warnings(with_parts(form, {"xl/other.xml": LINKING}))
    assert any(text.startswith("links to other files are ignored") and "other.xml" in text for text in said), said


def test_of_links_the_files_are_named_first(form: Path) -> None:
    parts = _related(form, b"externalLinks/externalLink1.xml")
    parts |= {
        "xl/externalLinks/externalLink1.xml": LINKING,
        "xl/externalLinks/_rels/externalLink1.xml.rels": LINK,
    }
    (said,) = _warnings(with_parts(form, parts))
    assert said.endswith(": http://127.0.0.1:9/secret.xlsx, externalLinks/externalLink1.xml")


# Other kinds of files.


def ods(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")


def some_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


def encrypted(path: Path) -> None:
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le"))


def old(path: Path) -> None:
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500))


def text(path: Path) -> None:
    path.write_text("a,b\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "name", "expected"),
    [
        (ods, "x.xlsx", "OpenDocument spreadsheet (.ods); save it in Excel"),
        (ods, "x.ods", "OpenDocument spreadsheet (.ods)"),
        (encrypted, "x.xlsx", "encrypted; open it with its password"),
        (old, "x.xlsx", "old Excel file (.xls)"),
        (old, "x.xls", "old Excel file (.xls)"),
        (text, "x.xlsx", "not an .xlsx workbook, whatever its name says"),
        (text, "x.xlsm", "a workbook with macros (.xlsm)"),
        (text, "x.xlsb", "a binary workbook (.xlsb)"),
        (text, "x.csv", ".csv is not a workbook"),
        (some_zip, "x.xlsx", "a zip file, not an .xlsx workbook"),
        (Path.mkdir, "x.xlsx", "cannot be read"),
        (lambda _: None, "x.xlsx", "there is no workbook"),
    ],
)
def test_a_file_of_another_kind_says_what_to_do(
    tmp_path: Path, make: Callable[[Path], None], name: str, expected: str
) -> None:
    write_small(tmp_path)
    make(tmp_path / name)
    says(tmp_path / name, expected)
    assert main(["run", str(tmp_path / "case.toml"), "--inputs", str(tmp_path / name), "--quiet"]) == 2
    if name.rpartition(".")[2] != "csv":
        assert main(["check", str(tmp_path / name), "--quiet"]) == 2


def test_strict_open_xml_says_what_to_do(form: Path) -> None:
    main_name = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    with_parts(form, {"xl/workbook.xml": lambda content: content.replace(main_name, incoming.STRICT.encode())})
    says(form, "Strict Open XML", "save it as the plain")


def test_an_encoding_nobody_knows_says_what_to_do(form: Path) -> None:
    with_parts(
        form, {"xl/workbook.xml": lambda content: content.replace(b"UTF-8", b"UTF-9").replace(b"utf-8", b"utf-9")}
    )
    says(form, "not well-formed XML", "unknown encoding")


# Any damage at all.


@settings(max_examples=30)
@given(data=st.data())
def test_damage_is_answered_and_never_a_fault_of_the_program(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = _whole(tmp_path_factory)
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))]
    _answered(tmp_path_factory, bytes(content))


@settings(max_examples=30)
@given(data=st.data())
def test_any_xml_in_a_part_is_answered(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Damage inside a part that is packed well: values, attributes and tags that make no sense."""
    parts = {}
    with zipfile.ZipFile(io.BytesIO(_whole(tmp_path_factory))) as archive:
        for name in archive.namelist():
            parts[name] = archive.read(name)
    name = data.draw(st.sampled_from(sorted(name for name in parts if name.endswith((".xml", ".rels")))))
    content = bytearray(parts[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(
            st.binary(max_size=4) | st.sampled_from([b"9", b'"', b"-1", b"<", b"1e999"])
        )
    parts[name] = bytes(content)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    _answered(tmp_path_factory, target.getvalue())


_FORMS: dict[str, bytes] = {}


def _whole(factory: pytest.TempPathFactory) -> bytes:
    if not _FORMS:
        _FORMS["small"] = form_of(write_small(factory.mktemp("whole"))).read_bytes()
    return _FORMS["small"]


def _answered(factory: pytest.TempPathFactory, content: bytes) -> None:
    path = factory.mktemp("damaged") / "inputs.xlsx"
    path.write_bytes(content)
    findings: list[Finding] = []
    book = incoming.open_book(path, findings)
    if book is None:
        assert any(finding.severity == "error" for finding in findings)
        return
    for name in book.names:
        before = len(findings)
        assert book.read(name, findings) is not None or len(findings) > before


def test_the_checks_take_little_memory(tmp_path: Path) -> None:
    """A bomb of 200 MiB of zeros in one part, in a process of its own: refused before it is unpacked."""
    path = with_parts(form_of(write_small(tmp_path)), {"xl/media/zeros.bin": bytes(200 * incoming.MIB)})
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom resilience.inputs.incoming import open_book\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\nfound = []\n"
        "assert open_book(Path(sys.argv[1]), found) is None\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    if sys.platform == "linux":
        done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
        assert int(done.stdout) < 20_000  # KiB
