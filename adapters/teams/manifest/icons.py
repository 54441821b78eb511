"""The app's two icons, drawn here: the bird in colour, and its outline on nothing."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

_LARGE, _SMALL = 192, 32  # pixels, as Teams wants them
_FINE = 8  # drawn so many times larger, then made smaller, which makes edges smooth
_NIGHT, _FEATHER, _BEAK, _PATCH = "#22303c", "#10171d", "#f2a33a", "#f7d046"
Colour = str | tuple[int, int, int, int]


def colour_icon() -> bytes:
    """192 × 192: the whole square is filled, since Teams rounds it."""
    image = Image.new("RGBA", (_LARGE * _FINE,) * 2, "#dfe9f3")
    _bird(ImageDraw.Draw(image), _LARGE * _FINE, _FEATHER, _BEAK, _PATCH, "white")
    return _png(image, _LARGE)


def outline_icon() -> bytes:
    """32 × 32: white on nothing."""
    image = Image.new("RGBA", (_SMALL * _FINE,) * 2, (0, 0, 0, 0))
    nothing = (0, 0, 0, 0)
    _bird(ImageDraw.Draw(image), _SMALL * _FINE, "white", "white", nothing, nothing)
    return _png(image, _SMALL)


def _bird(draw: ImageDraw.ImageDraw, side: int, body: Colour, beak: Colour, patch: Colour, eye: Colour) -> None:
    """A mynah's head and breast, looking right."""

    def at(*places: float) -> list[float]:
        return [place * side for place in places]

    draw.ellipse(at(0.14, 0.44, 0.74, 1.12), fill=body)  # the breast
    draw.ellipse(at(0.26, 0.16, 0.74, 0.64), fill=body)  # the head
    draw.polygon(at(0.69, 0.32, 0.94, 0.43, 0.69, 0.52), fill=beak)
    draw.ellipse(at(0.48, 0.31, 0.70, 0.47), fill=patch)  # the patch behind a mynah's eye
    draw.ellipse(at(0.55, 0.335, 0.645, 0.43), fill=eye)
    if eye == "white":
        draw.ellipse(at(0.58, 0.36, 0.625, 0.405), fill=_NIGHT)


def _png(image: Image.Image, side: int) -> bytes:
    buffer = io.BytesIO()
    image.resize((side, side), Image.Resampling.LANCZOS).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
