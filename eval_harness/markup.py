"""HTML and SVG put together so that a text stays a text, whatever is in it."""

from __future__ import annotations

import html

from bot.formats import clean

_EMPTY = {"meta", "link", "input", "br"}  # elements that have no end
_SVG_EMPTY = {"line", "rect", "circle", "path"}


class Markup(str):
    """A text that is HTML already. Everything else is escaped when it goes into an element."""

    __slots__ = ()


Child = str | None


def escaped(text: str) -> Markup:
    """The text as HTML shows it: line ends kept, control and direction characters as visible signs."""
    return Markup(html.escape("\n".join(clean(line) for line in text.split("\n"))))


def joined(*children: Child) -> Markup:
    """Children one after another; None is left out."""
    return Markup("".join(c if isinstance(c, Markup) else escaped(c) for c in children if c is not None))


def element(tag: str, /, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """`<tag attributes>children</tag>`.

    An attribute's name loses a trailing underscore (`class_`), its other underscores become hyphens. True writes the
    bare name; None and False leave the attribute out.
    """
    written = "".join(_attribute(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    if tag in _EMPTY:
        return Markup(f"<{tag}{written}>")
    if tag in _SVG_EMPTY and not children:
        return Markup(f"<{tag}{written}/>")
    return Markup(f"<{tag}{written}>{joined(*children)}</{tag}>")


def _attribute(name: str, value: str | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    text = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return f' {name}="{escaped(text)}"'
