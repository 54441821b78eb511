"""SQL to look at: coloured, on several lines, with a button that copies it."""

from __future__ import annotations

import asyncio
import html
import re

from nicegui import ui

_PARTS = re.compile(
    r"(?P<s>'(?:[^']|'')*')|(?P<q>\"(?:[^\"]|\"\")*\"|`[^`]*`)|(?P<n>\b\d+(?:\.\d+)?\b)|(?P<k>\b(?:"
    r"SELECT|DISTINCT|FROM|WHERE|JOIN|LEFT|RIGHT|INNER|OUTER|CROSS|FULL|ON|AND|OR|NOT|IN|IS|NULL|LIKE|BETWEEN|EXISTS"
    r"|GROUP|ORDER|BY|HAVING|LIMIT|OFFSET|AS|ASC|DESC|CASE|WHEN|THEN|ELSE|END|UNION|ALL|EXCEPT|INTERSECT|WITH|OVER"
    r"|PARTITION|NULLS|FIRST|LAST|USING|FILTER)\b)",
    re.IGNORECASE,
)
# Without the clipboard, which browsers lend to secure addresses only, the text is at least selected.
_COPY = """() => {{
  const code = document.querySelector('#{id} pre');
  getSelection().selectAllChildren(code);
  if (navigator.clipboard) {{ navigator.clipboard.writeText(code.innerText); emit(); }}
}}"""


def sql_view(sql: str) -> ui.element:
    """A block with the SQL and a copy button."""
    with ui.element("div").classes("sql") as block:
        # Reached with the keyboard, because long lines scroll.
        ui.html(f'<pre tabindex="0" aria-label="SQL"><code>{coloured(sql)}</code></pre>')
        button = ui.button(icon="content_copy", color=None).props('flat round dense size=sm aria-label="Copy the SQL"')

        async def confirm() -> None:
            button.props("icon=check")
            await asyncio.sleep(2)
            if not button.is_deleted:
                button.props("icon=content_copy")

        button.on("click", confirm, args=[], js_handler=_COPY.format(id=block.html_id))
    return block


def coloured(sql: str) -> str:
    """The SQL as HTML: every character of it escaped, words of the language, texts and numbers marked."""
    pieces, end = [], 0
    for found in _PARTS.finditer(sql):
        pieces.append(html.escape(sql[end : found.start()]))
        text = html.escape(found.group())
        pieces.append(text if found.lastgroup == "q" else f'<span class="{found.lastgroup}">{text}</span>')
        end = found.end()
    return "".join(pieces) + html.escape(sql[end:])
