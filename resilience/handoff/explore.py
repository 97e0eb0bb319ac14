"""A small page on this machine alone: move an assumption and see the requirement change (needs Dash).

What is shown first is the number for all members together; every member and reading follow it. ``moves`` works
them out.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from typing import Any

import dash
import pandas as pd
from dash import Input, Output, dcc, html
from dash.exceptions import PreventUpdate
from flask import Response, abort, request
from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer

from resilience import words
from resilience.errors import InputError
from resilience.handoff.moves import DIALS, Dial, Explorer, Question, Rows, Superseded, never
from resilience.inputs.case import Case
from resilience.output.workbook import COLOURS, DARK, FAINT, RULE
from resilience.reading.requirements import PLANNED
from resilience.schema import ALL, READINGS, STATUS_WORDS
from resilience.words import percent

HOST = "127.0.0.1"
STOCKS = "stocks"  # what is said beside the dial of stocks
OWN_NAMES = (HOST, "localhost")
POLICY = "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
POLICY += "img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'"
# In the browser, as only there the order in which things were moved is known for certain.
ASKED = """function(good, cutoff, cut, ...values) {
    window.asked = window.asked || {page: String(performance.timeOrigin) + Math.random(), number: 0};
    window.asked.number += 1;
    return {...window.asked, good, cutoff, cut, values};
}"""


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
    first = _first(explorer)
    written = explorer.written(first.good)
    goods = [{"label": labels[good], "value": good} for good in case.goods]
    cutoffs = [cutoff.name for cutoff in case.cutoffs(first.good)]
    may_be_cut = [{"label": name, "value": code} for code, name in explorer.countries().items()]
    live: dict[str, Any] = {"aria-live": "polite"}
    controls = [
        _field("Good", dcc.Dropdown(goods, first.good, clearable=False, id="good")),
        _field("Cutoff", dcc.Dropdown(cutoffs, first.cutoff, clearable=False, id="cutoff")),
        _field("Countries cut", dcc.Dropdown(
            may_be_cut,
            list(first.cut), multi=True, id="cut",
        )),
        *(
            _field(dial.label, _slider(dial, written[dial.name]), _said_of(dial, explorer, first.good))
            for dial in DIALS
        ),
    ]  # fmt: skip
    app.layout = html.Main(
        [
            html.H1(case.file.title),
            html.P("Move an assumption; the least share from the region follows. Nothing leaves this machine."),
            html.Div(
                [
                    html.Div(
                        dcc.Loading(
                            html.Section(id="answer", **live),
                            delay_show=400,
                            custom_spinner=html.P("computing …", id="computing", role="status"),
                            overlay_style={"visibility": "visible", "opacity": 0.4},
                        ),
                        className="first",
                    ),
                    html.Section(controls, className="controls"),
                    html.Section(id="members"),
                ],
                className="columns",
            ),
            dcc.Store(id="asked"),
            dcc.Store(id="answered"),
        ]
    )
    _follow(app, explorer)
    return app


def _first(explorer: Explorer) -> Question:
    """What the page asks when it opens."""
    good = explorer.first_good()
    cutoff = explorer.case.cutoffs(good)[0].name
    return Question(good, cutoff, explorer.cut(cutoff), {})


def _field(label: str, control: Any, beside: Any = None) -> html.Div:
    return html.Div([html.Label(label, htmlFor=control.id), control, beside], className="field")


def _said_of(dial: Dial, explorer: Explorer, good: str) -> html.P | None:
    return html.P(_stocks(explorer, good), id=STOCKS, className="small") if dial.name == "stock_months" else None


def _stocks(explorer: Explorer, good: str) -> str:
    """Whom the dial of stocks moves, where that is not everybody."""
    case, moved = explorer.case, explorer.without_stock(good)
    if len(moved) == len(case.members):
        return ""
    if not moved:
        return "Moves nothing here: the data hold each member's stock of this good."
    names = case.data.names()
    return f"Moves only {', '.join(names[member] for member in moved)}: the data hold the other members' stocks."


def _slider(dial: Dial, value: float) -> dcc.Slider:
    ends = {at: f"{at:g}" for at in (dial.low, dial.high)}
    high = max(dial.high, value)
    return dcc.Slider(dial.low, high, dial.step, value=value, marks=ends, id=dial.key, updatemode="drag")


def _follow(app: dash.Dash, explorer: Explorer) -> None:
    """What follows what: another good or cutoff sets the dials as the case says; any change asks for an answer."""

    @app.callback(
        Output("cutoff", "options"), Output("cutoff", "value"), Output(STOCKS, "children"),
        *(Output(dial.key, "value") for dial in DIALS),
        Input("good", "value"), prevent_initial_call=True,
    )  # fmt: skip
    def _as_written(good: str) -> tuple[Any, ...]:
        names = [cutoff.name for cutoff in explorer.case.cutoffs(good)]
        return names, names[0], _stocks(explorer, good), *explorer.written(good).values()

    @app.callback(Output("cut", "value"), Input("cutoff", "value"), prevent_initial_call=True)
    def _named(cutoff: str) -> list[str]:
        return list(explorer.cut(cutoff))

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ASKED,
        Output("asked", "data"),
        Input("good", "value"), Input("cutoff", "value"), Input("cut", "value"),
        *(Input(dial.key, "value") for dial in DIALS),
    )  # fmt: skip

    @app.callback(
        Output("answer", "children"), Output("members", "className"), Output("answered", "data"),
        Input("asked", "data"),
    )  # fmt: skip
    def _answer(asked: dict[str, Any]) -> tuple[Any, ...]:
        question = _question(asked)
        try:
            rows = explorer.answer(question, stop=explorer.ask(asked["page"], asked["number"]))
        except Superseded:
            raise PreventUpdate from None
        except InputError as error:
            wrong = [finding.message for finding in error.findings if finding.severity == "error"]
            return [html.P(str(message), className="wrong") for message in wrong], "gone", dash.no_update
        return _shown(rows, explorer.values(question.good, question.moved)), "late", asked

    @app.callback(
        Output("members", "children"), Output("members", "className", allow_duplicate=True),
        Input("answered", "data"), prevent_initial_call=True,
    )  # fmt: skip
    def _members(asked: dict[str, Any]) -> tuple[Any, ...]:
        question, stop = _question(asked), explorer.ask(asked["page"], asked["number"])
        try:
            rows = explorer.answer(question, all_rows=True, can_wait=True, stop=stop)
        except (Superseded, InputError):
            raise PreventUpdate from None
        explorer.look_ahead(question, stop)
        return _table(explorer.case, rows), ""


def _question(asked: Mapping[str, Any]) -> Question:
    moved = dict(zip((dial.name for dial in DIALS), asked["values"], strict=True))
    return Question(asked["good"], asked["cutoff"], asked["cut"] or (), moved)


def _shown(rows: Rows, values: Mapping[str, Any]) -> list[Any]:
    row = rows.get((ALL, PLANNED))
    if row is None:
        return [html.P("Unknown: demand or data are missing.", className="wrong")]
    status, share, today = str(row["status"]), row["share"], row["share_today"]
    of = "imports" if row["scope"] == "imports" else "demand"
    number = percent(share, 1) if pd.notna(share) else "none"
    same = " ".join(f'--set "{name}={value}"' for name, value in sorted(values.items()))
    exact: dict[str, Any] = {"data-share": "" if pd.isna(share) else repr(float(share))}
    lasts = f"Today's sourcing lasts {row['months_survived']:.0f} months."
    return [
        html.P("Least share from the region, all members, planned", className="small what"),
        html.P(number, id="share", className="large", **exact),
        html.P([html.B(status, className=status), f" {STATUS_WORDS[status]}"]),
        _bars(share, today),
        html.P(f"Shares of {of}; today {percent(today, 1)}. {lasts}", className="of"),
        html.P(f"The same from the command line: {same}" if same else "All assumptions as the case says.",
               className="small more"),
    ]  # fmt: skip


def _table(case: Case, rows: Rows) -> html.Table:
    """Every member and reading."""
    members = [member for member in (*case.members, ALL) if (member, PLANNED) in rows]
    names = case.data.names()
    head = html.Tr([html.Th(name, scope="col") for name in ("Member", *READINGS)])
    body = [
        html.Tr([html.Th("All members" if member == ALL else names[member], scope="row"),
                 *(_cell(rows.get((member, reading))) for reading in READINGS)])
        for member in members
    ]  # fmt: skip
    return html.Table([html.Thead(head), html.Tbody(body)])


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
    share = "" if pd.isna(row["share"]) else percent(row["share"], 1)
    return html.Td([html.B(str(row["status"]), className=str(row["status"])), " ", html.Span(share)])


_STYLE = "\n".join(
    [
        "body { margin: 0 auto; max-width: 1180px; padding: 0 16px; color: #1A1A1A; background: #FFFFFF; "
        "font: 16px/1.4 Calibri, Carlito, 'Segoe UI', Arial, sans-serif; }",
        f":root {{ --Dash-Fill-Interactive-Strong: {DARK}; }}",
        f"h1 {{ color: {DARK}; font-size: 26px; }} label {{ font-weight: bold; color: {DARK}; }}",
        ".columns { display: grid; grid-template: auto 1fr / minmax(0, 1fr) minmax(0, 1fr); gap: 16px 40px; }",
        ".controls { grid-area: 1 / 1 / 3 / 2; } .first { grid-area: 1 / 2; } .what { margin: 0; }",
        ".field { margin-bottom: 18px; }",
        f".large {{ font-size: 64px; font-weight: bold; margin: 0; color: {DARK}; }}",
        f".small {{ color: {FAINT}; font-size: 14px; overflow-wrap: anywhere; }} .wrong {{ font-weight: bold; }}",
        f"b {{ padding: 1px 7px; border: 1px solid {RULE}; border-radius: 3px; }}",
        f"#computing {{ background: #FFFFFF; border: 1px solid {RULE}; padding: 4px 14px; font-weight: bold; }}",
        ".bars { display: grid; grid-template-columns: 50px 1fr; gap: 6px; align-items: center; }",
        f".bar {{ border: 1px solid {RULE}; height: 18px; }} .bar div {{ height: 100%; }}",
        f"table {{ border-collapse: collapse; width: 100%; }} thead th {{ background: {DARK}; color: #FFFFFF; }}",
        "#members { overflow-x: auto; } .late { opacity: 0.3; } .gone { display: none; }",
        f"th, td {{ text-align: left; padding: 4px 8px; border-bottom: 1px solid {RULE}; }}",
        *(f".{status} {{ background: {colour}; }}" for status, colour in COLOURS.items()),
        "td span { white-space: nowrap; }",
        # On a phone the number stays in sight while the sliders below it are moved.
        "@media (max-width: 700px) { .columns { display: block; } h1 { font-size: 20px; } "
        "td b { display: block; width: max-content; } "
        ".first { position: sticky; top: 0; z-index: 1; background: #FFFFFF; padding: 8px 0; margin-bottom: 16px; "
        f"border-bottom: 2px solid {DARK}; }} .first p {{ margin: 0 0 6px; }} .first .more {{ display: none; }} "
        ".first .of { font-size: 13px; line-height: 1.25; } "
        ".large { font-size: 40px; line-height: 1.1; } .controls { padding-bottom: 16px; } }",
    ]
)
_INDEX = f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{%title%}}</title><link rel="icon" href="data:,">{{%css%}}<style>{_STYLE}</style></head>
<body>{{%app_entry%}}<footer>{{%config%}}{{%scripts%}}{{%renderer%}}</footer></body>
</html>"""


class _Serving(ThreadedWSGIServer):
    """Stops working out answers when it stops serving."""

    explorer: Explorer | None = None

    def server_close(self) -> None:
        """As before, and give up what is being worked out."""
        if self.explorer is not None:
            self.explorer.close()
        super().server_close()


def server(case: Case, port: int = 0) -> BaseWSGIServer:
    """A server of the page on the loopback address alone; port 0 takes a free one. It serves once it is told to.

    Other pages in the browser cannot reach it under a name of their own: requests to another host are refused.
    Raises :class:`OSError` if the port is taken.
    """
    explorer = Explorer(case)
    app = page(explorer).server

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
        serving = _Serving(HOST, port, app, fd=bound.fileno())
    serving.explorer = explorer
    explorer.look_ahead(_first(explorer), never)
    return serving
