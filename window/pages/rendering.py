"""Renders a page from its template, with the texts in the browser's language."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from device import __version__
from device.mood import Mood
from window.pages.wording import language_for, words_in

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
PAGES = ("now", "aim", "music", "settings", "health")


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}  # the moods have an order
    return environment


def page(request: Request, name: str, status: int = 200, **values: Any) -> Response:
    """Return the page `name`.

    Args:
        request: What asks for it.
        name: Of its template, without the ending.
        status: The HTTP status.
        values: What the template shows besides the texts.
    """
    language = language_for(request.headers.get("accept-language", ""))
    words = words_in(language)
    html = _environment().get_template(f"{name}.html").render(
        name=name,
        language=language,
        w=words,
        pages=PAGES,
        moods=list(Mood),
        token=request.scope.get("form_token", ""),
        version=__version__,
        **values,
    )  # fmt: skip
    return HTMLResponse(html, status)
