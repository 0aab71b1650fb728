"""matplotlib's SVG made fit to stand inside a page: small, recoloured by the page, the same bytes every time.

Usage:
    inline(svg_text, prefix="run0-volume-", roles=LIGHT, label="Volume over 72 h")

Deliberately knows nothing of what is drawn; it rewrites markup that matplotlib wrote, never foreign SVG.
"""

import re
from collections.abc import Mapping
from html import escape

_PLACE = re.compile(r' (?:d|x|y|transform)="[^"]*"')  # a tenth of a point is enough; labels and opacities keep theirs
_NUMBER = re.compile(r"-?\d+\.\d+")


def inline(svg: str, prefix: str, roles: Mapping[str, str], label: str) -> str:
    """The <svg> element of a whole SVG file, for HTML.

    prefix  goes before every id, so that several figures can share a page
    roles   role -> hex colour; each such colour becomes var(--role), so that the page's light or dark set applies
    label   what a screen reader says instead of the picture
    """
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.S)
    view = re.search(r'viewBox="([^"]+)"', body)
    if view is None:
        raise ValueError("the figure has no viewBox; it was not written by matplotlib's SVG backend")
    content = body[body.index(">") + 1 :]
    content = content.replace("xlink:href", "href")
    content = _PLACE.sub(lambda place: _NUMBER.sub(_shorter, place[0]), content)
    content = _ids(content, prefix)
    content = re.sub(r"font(-size|-family)?: [^;\"]*(; ?|(?=\"))", "", content)
    colours = {colour.lower(): role for role, colour in roles.items()}
    content = re.sub(r"#[0-9a-f]{6}\b", lambda found: _variable(found[0], colours), content)
    content = re.sub(r">\s+<", "><", content)
    content = re.sub(r' d="([^"]*)"', _path, content)
    return f'<svg class="plot" viewBox="{view[1]}" role="img" aria-label="{escape(label)}">{content.strip()}'


def _ids(content: str, prefix: str) -> str:
    """Drop ids that nothing refers to, put the prefix before the others."""
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', content))

    def renamed(found: re.Match[str]) -> str:
        return f' id="{prefix}{found[1]}"' if found[1] in used else ""

    content = re.sub(r' id="([^"]+)"', renamed, content)
    return re.sub(r'(href="#|url\(#)', rf"\1{prefix}", content)


def _path(found: re.Match[str]) -> str:
    """One line; a command that repeats the one before is left out, as SVG allows for L."""
    words = re.sub(
        r"(L [-\d.]+ [-\d.]+)((?: L [-\d.]+ [-\d.]+)+)",
        lambda run: run[1] + run[2].replace(" L ", " "),
        " ".join(found[1].split()),
    )
    return f' d="{words}"'


def _shorter(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}".removesuffix(".0")


def _variable(colour: str, colours: Mapping[str, str]) -> str:
    return f"var(--{colours[colour]})" if colour in colours else colour
