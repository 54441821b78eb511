"""A chart inside a card: the picture drawn for all doors, made small enough to travel in the message itself."""

from __future__ import annotations

import base64
import io

from PIL import Image

from adapters.teams.cards.parts import Part, plain

_WIDTH = 640  # pixels; a card is some 600 wide
_COLOURS = 16  # the picture has few, and its edges stay smooth with these


def image(png: bytes, text: str) -> Part:
    """The picture as an element with its text for those who do not see it."""
    return {
        "type": "Image", "url": f"data:image/png;base64,{base64.b64encode(smaller(png)).decode('ascii')}",
        "altText": plain(text, 400), "size": "Stretch",
    }  # fmt: skip


def smaller(png: bytes) -> bytes:
    """The same picture in a sixth of the bytes."""
    with Image.open(io.BytesIO(png)) as drawn:
        height = round(drawn.height * _WIDTH / drawn.width)
        fit = drawn.convert("RGB").resize((_WIDTH, height), Image.Resampling.LANCZOS)
    few = fit.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    few.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
