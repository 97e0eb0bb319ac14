"""A small page on this machine alone: move an assumption and see the requirement change (needs Dash).

Every answer is worked out by the engine of parameter studies, which keeps what does not change between points; it
is the number that ``resilience run`` gives with the same ``--set``.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import dash
import pandas as pd
from dash import Input, Output, dcc, html
from flask import Response, abort, request
from werkzeug.serving import BaseWSGIServer, make_server

from resilience import words
from resilience.errors import Finding, InputError
from resilience.inputs.case import Case
from resilience.inputs.casefile import PARAMETERS
from resilience.inputs.variants import vary
from resilience.output.workbook import COLOURS, DARK, FAINT, RULE
from resilience.reading.requirements import PLANNED, Wanted
from resilience.schema import ALL, READINGS, STATUS_WORDS
from resilience.studies.points import Evaluate
from resilience.words import percent

HOST = "127.0.0.1"
OWN_NAMES = (HOST, "localhost")
POLICY = "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
POLICY += "img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'"
MOST_KEPT = 30  # lists of cut countries whose compiled models are kept


@dataclass(frozen=True)
class Dial:
    """A number that can be moved: the parameter, the part of it, its name on the page, and its range and step."""

    name: str
    part: str
    label: str
    low: float
    high: float
    step: float
    as_percent: bool = False

    @property
    def key(self) -> str:
        """The identifier of its slider."""
        return f"dial-{self.name}"


DIALS = (
    Dial("stock_months", "", "Stocks, in months of demand, where the data hold none", 0, 12, 0.5),
    Dial("critical_share", "", "Critical share of demand, the rest is saved, %", 50, 100, 1, as_percent=True),
    Dial("region_surge", "max", "Surge of the region, most above contract, %", 0, 100, 5, as_percent=True),
    Dial("months", "", "Months to survive", 1, 24, 1),
)


@dataclass
class Explorer:
    """Answers of one case. Points are worked out one at a time, as they share compiled models."""

    case: Case
    _engines: dict[tuple[str, str, tuple[str, ...], bool], Evaluate] = field(default_factory=dict)
    _lock: Any = field(default_factory=Lock)

    def names(self, good: str) -> dict[str, str]:
        """Under which name of the case each dial stands for a good, as ``--set`` takes it."""
        settings = self.case.file.settings(good, self.case.category(good))
        found = {}
        for dial in DIALS:
            where = settings[dial.name].set_in
            where = f"{PARAMETERS[dial.name].section}.{dial.name}" if where == "default" else where
            found[dial.name] = f"{where}.{dial.part}" if dial.part else where
        return found

    def written(self, good: str) -> dict[str, float]:
        """What the case says of each dial, on the scale of the page."""
        settings = self.case.file.settings(good, self.case.category(good))
        found = {}
        for dial in DIALS:
            value = settings[dial.name].value
            value = getattr(value, dial.part) if dial.part else value
            found[dial.name] = round(100 * value, 6) if dial.as_percent else float(value)
        return found

    def cut(self, cutoff: str) -> tuple[str, ...]:
        """The countries that a cutoff names."""
        named = next(one.cut for one in self.case.file.cutoffs if one.name == cutoff)
        return tuple(dict.fromkeys(code for name in named for code in self.case.groups.get(name, (name,))))

    def countries(self) -> dict[str, str]:
        """Who may be cut: every country outside the region, and those that some cutoff names."""
        named = {code for cutoff in self.case.file.cutoffs for code in self.cut(cutoff.name)}
        names = self.case.data.names()
        some = {code: name for code, name in names.items() if code not in self.case.credit or code in named}
        return dict(sorted(some.items(), key=lambda pair: pair[1]))

    def values(self, good: str, moved: Mapping[str, float | None]) -> dict[str, Any]:
        """Name of the case → value, of the dials that stand elsewhere than in the case; None: as the case says."""
        names, written = self.names(good), self.written(good)
        found: dict[str, Any] = {}
        for dial in DIALS:
            value = moved.get(dial.name)
            if value is not None and value != written[dial.name]:
                whole = PARAMETERS[dial.name].kind == "months" and float(value).is_integer()
                found[names[dial.name]] = int(value) if whole else value / 100 if dial.as_percent else float(value)
        return found

    def answer(
        self,
        good: str,
        cutoff: str,
        cut: Sequence[str],
        moved: Mapping[str, float | None],
        *,
        all_rows: bool = False,
    ) -> dict[tuple[str, str], dict[str, Any]]:
        """(member, reading) → outcome under one cutoff with a list of countries cut.

        Planned, all members; with ``all_rows`` each member and reading, which takes longer.

        Raises :class:`~resilience.errors.InputError` if the case does not take a value.
        """
        values = self.values(good, moved)
        names = sorted(self.names(good).values())
        with self._lock:
            engine = self._engine(good, cutoff, tuple(sorted(cut)), all_rows)
            row = {"point": "", **{name: values.get(name) for name in names}}
            found = engine(pd.DataFrame([row]).astype(object))
        errors = found[found["status"] == "error"]
        if len(errors):
            text = str(errors["message"].iloc[0])
            raise InputError([Finding("error", self.case.file.path.name, None, None, text)])
        own = found[found["good"] == good].to_dict("records")
        return {(row["member"], row["reading"]): {str(key): row[key] for key in row} for row in own}

    def _engine(self, good: str, cutoff: str, cut: tuple[str, ...], all_rows: bool) -> Evaluate:
        key = (good, cutoff, cut, all_rows)
        if key not in self._engines:
            goods = tuple(name for name in self.case.family(good) if name in self.case.goods)
            case = vary(self.case, {"goods": list(goods), "cutoffs": [cutoff]})
            if set(cut) != set(self.cut(cutoff)):
                case = vary(case, {f"cutoffs.{cutoff}.cut": list(cut)})
            wanted = Wanted((*self.case.members, ALL)) if all_rows else Wanted(readings=(PLANNED,))
            how = dict.fromkeys(self.names(good).values(), "set")
            self._engines[key] = Evaluate(case, how, wanted)
            while len(self._engines) > MOST_KEPT:
                self._engines.pop(next(iter(self._engines)))
        return self._engines[key]


# The page


def page(explorer: Explorer) -> dash.Dash:
    """The page of a case; nothing but what this machine serves is loaded."""
    case = explorer.case
    app = dash.Dash(
        __name__,
        title=f"Explore: {case.file.title}",
        update_title="",
        serve_locally=True,
        include_assets_files=False,
        index_string=_INDEX,
    )
    labels = dict(zip(case.data.goods["good"], case.data.goods["label"], strict=True))
    first = case.goods[0]
    cutoffs = [cutoff.name for cutoff in case.cutoffs(first)]
    may_be_cut = [{"label": name, "value": code} for code, name in explorer.countries().items()]
    live: dict[str, Any] = {"aria-live": "polite"}
    controls = [
        _field("Good", dcc.Dropdown([{"label": labels[g], "value": g} for g in case.goods], first, clearable=False,
                                    id="good")),
        _field("Cutoff", dcc.Dropdown(cutoffs, cutoffs[0], clearable=False, id="cutoff")),
        _field("Countries cut", dcc.Dropdown(
            may_be_cut,
            list(explorer.cut(cutoffs[0])), multi=True, id="cut",
        )),
        *(_field(dial.label, _slider(dial, explorer.written(first)[dial.name])) for dial in DIALS),
        dcc.Checklist([{"label": " every member and reading, too (slower)", "value": "all"}], [], id="all"),
    ]  # fmt: skip
    app.layout = html.Main(
        [
            html.H1(case.file.title),
            html.P("Move an assumption; the least share from the region follows. Nothing leaves this machine."),
            html.Div(
                [
                    html.Section(controls, className="controls"),
                    dcc.Loading(
                        html.Section(id="answer", **live),
                        delay_show=400,
                        custom_spinner=html.P("computing …", id="computing", role="status"),
                        overlay_style={"visibility": "visible", "opacity": 0.4},
                    ),
                ],
                className="columns",
            ),
        ]
    )
    _follow(app, explorer)
    return app


def _field(label: str, control: Any) -> html.Div:
    return html.Div([html.Label(label, htmlFor=control.id), control], className="field")


def _slider(dial: Dial, value: float) -> dcc.Slider:
    ends = {at: f"{at:g}" for at in (dial.low, dial.high)}
    high = max(dial.high, value)
    return dcc.Slider(dial.low, high, dial.step, value=value, marks=ends, id=dial.key, updatemode="mouseup")


def _follow(app: dash.Dash, explorer: Explorer) -> None:
    """What follows what: another good or cutoff sets the dials as the case says; any change asks for an answer."""

    @app.callback(
        Output("cutoff", "options"), Output("cutoff", "value"), *(Output(dial.key, "value") for dial in DIALS),
        Input("good", "value"), prevent_initial_call=True,
    )  # fmt: skip
    def _as_written(good: str) -> tuple[Any, ...]:
        names = [cutoff.name for cutoff in explorer.case.cutoffs(good)]
        return names, names[0], *explorer.written(good).values()

    @app.callback(Output("cut", "value"), Input("cutoff", "value"), prevent_initial_call=True)
    def _named(cutoff: str) -> list[str]:
        return list(explorer.cut(cutoff))

    @app.callback(
        Output("answer", "children"),
        Input("good", "value"), Input("cutoff", "value"), Input("cut", "value"), Input("all", "value"),
        *(Input(dial.key, "value") for dial in DIALS),
    )  # fmt: skip
    def _answer(
        good: str, cutoff: str, cut: list[str] | None, everything: list[str], *values: float | None
    ) -> list[Any]:
        moved = dict(zip((dial.name for dial in DIALS), values, strict=True))
        try:
            rows = explorer.answer(good, cutoff, cut or [], moved, all_rows=bool(everything))
        except InputError as error:
            return [
                html.P(str(finding.message), className="wrong")
                for finding in error.findings
                if finding.severity == "error"
            ]
        return _shown(explorer, rows, explorer.values(good, moved))


def _shown(
    explorer: Explorer,
    rows: Mapping[tuple[str, str], Mapping[str, Any]],
    values: Mapping[str, Any],
) -> list[Any]:
    row = rows.get((ALL, PLANNED))
    if row is None:
        return [html.P("Unknown: demand or data are missing.", className="wrong")]
    status, share, today = str(row["status"]), row["share"], row["share_today"]
    of = "imports" if row["scope"] == "imports" else "demand"
    number = percent(share, 1) if pd.notna(share) else "none"
    same = " ".join(f'--set "{name}={value}"' for name, value in sorted(values.items()))
    exact: dict[str, Any] = {"data-share": "" if pd.isna(share) else repr(float(share))}
    lasts = f"Today's sourcing lasts {row['months_survived']:.0f} months."
    lines: list[Any] = [
        html.P("Least share from the region, all members, planned", className="small"),
        html.P(number, id="share", className="large", **exact),
        html.P([html.B(status, className=status), f" {STATUS_WORDS[status]}"]),
        _bars(share, today),
        html.P(f"Shares of {of}; today {percent(today, 1)}. {lasts}"),
        html.P(f"The same from the command line: {same}" if same else "All assumptions as the case says.",
               className="small"),
    ]  # fmt: skip
    members = [member for member in (*explorer.case.members, ALL) if (member, PLANNED) in rows]
    if len(members) > 1:
        names = explorer.case.data.names()
        head = html.Tr([html.Th(name) for name in ("Member", *READINGS)])
        body = [
            html.Tr([html.Td("All members" if member == ALL else names[member]),
                     *(_cell(rows.get((member, reading))) for reading in READINGS)])
            for member in members
        ]  # fmt: skip
        lines.append(html.Table([html.Thead(head), html.Tbody(body)]))
    return lines


def _bars(share: float, today: float) -> html.Div:
    bars = []
    for name, value, colour in (("today", today, FAINT), ("least", share, DARK)):
        wide = 0.0 if pd.isna(value) else 100 * float(value)
        inner = html.Div(style={"width": f"{wide:.2f}%", "background": colour})
        bars += [html.Span(name), html.Div(inner, className="bar")]
    said: dict[str, Any] = {"aria-label": words.today_and_needed(today, share, "none" if pd.isna(share) else "")}
    return html.Div(bars, className="bars", role="img", **said)


def _cell(row: Mapping[str, Any] | None) -> html.Td:
    if row is None:
        return html.Td("–")
    share = "" if pd.isna(row["share"]) else f" {percent(row['share'], 1)}"
    return html.Td([html.B(str(row["status"]), className=str(row["status"])), share])


_STYLE = "\n".join(
    [
        "body { margin: 0 auto; max-width: 1180px; padding: 0 16px; color: #1A1A1A; background: #FFFFFF; "
        "font: 16px/1.4 Calibri, Carlito, 'Segoe UI', Arial, sans-serif; }",
        f":root {{ --Dash-Fill-Interactive-Strong: {DARK}; }}",
        f"h1 {{ color: {DARK}; font-size: 26px; }} label {{ font-weight: bold; color: {DARK}; }}",
        ".columns { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 40px; }",
        ".field { margin-bottom: 18px; }",
        f".large {{ font-size: 64px; font-weight: bold; margin: 0; color: {DARK}; }}",
        f".small {{ color: {FAINT}; font-size: 14px; overflow-wrap: anywhere; }} .wrong {{ font-weight: bold; }}",
        f"b {{ padding: 1px 7px; border: 1px solid {RULE}; border-radius: 3px; }}",
        f"#computing {{ background: #FFFFFF; border: 1px solid {RULE}; padding: 4px 14px; font-weight: bold; }}",
        ".bars { display: grid; grid-template-columns: 50px 1fr; gap: 6px; align-items: center; }",
        f".bar {{ border: 1px solid {RULE}; height: 18px; }} .bar div {{ height: 100%; }}",
        f"table {{ border-collapse: collapse; width: 100%; }} th {{ background: {DARK}; color: #FFFFFF; }}",
        f"th, td {{ text-align: left; padding: 4px 8px; border-bottom: 1px solid {RULE}; }}",
        *(f".{status} {{ background: {colour}; }}" for status, colour in COLOURS.items()),
        "@media (max-width: 700px) { .columns { grid-template-columns: minmax(0, 1fr); gap: 8px; } }",
    ]
)
_INDEX = f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{%title%}}</title><link rel="icon" href="data:,">{{%css%}}<style>{_STYLE}</style></head>
<body>{{%app_entry%}}<footer>{{%config%}}{{%scripts%}}{{%renderer%}}</footer></body>
</html>"""


def server(case: Case, port: int = 0) -> BaseWSGIServer:
    """A server of the page on the loopback address alone; port 0 takes a free one. It serves once it is told to.

    Other pages in the browser cannot reach it under a name of their own: requests to another host are refused.
    Raises :class:`OSError` if the port is taken.
    """
    app = page(Explorer(case)).server

    def only_here() -> None:
        if re.sub(r":\d+$", "", request.host) not in OWN_NAMES:
            abort(403)

    def nothing_from_elsewhere(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        return response

    app.before_request(only_here)
    app.after_request(nothing_from_elsewhere)
    with socket.socket() as bound:
        bound.bind((HOST, port))  # here, as the server would end the program if it failed
        bound.listen()
        return make_server(HOST, port, app, threaded=True, fd=bound.fileno())
