"""A request's body, read no further than it may be long: who sent it is known only after it was read."""

from __future__ import annotations

from fastapi import Request


async def read_body(request: Request, most: int) -> bytes | None:
    """The body; None where it is larger than `most` bytes."""
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > most:
            return None
    return content
