"""Which tokens of two tokenizers end at the same character: where teacher and student have read the same text.

The method is that of byte-offset alignment in cross-tokenizer distillation (for example Minixhofer et al. 2025,
"Universal Cross-Tokenizer Distillation via Approximate Likelihood Matching"), with equal ends alone: tokens that end
inside another's are left out of the loss.
"""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Encoding, Tokenizer


def encode(tokenizer: Tokenizer, text: str) -> tuple[list[int], list[int]]:
    """Token ids of a text, and the character that each token ends before."""
    found: Encoding = tokenizer.encode(text, add_special_tokens=False)
    return list(found.ids), [end for _, end in found.offsets]


def equal_ends(student: Sequence[int], teacher: Sequence[int]) -> list[tuple[int, int]]:
    """Numbers (of a student's token, of a teacher's token) that end before the same character, in order.

    A token that ends where the one before it does holds part of a character; the last of them counts.

    >>> equal_ends([6, 8, 13], [3, 6, 13])
    [(0, 1), (2, 2)]
    """
    theirs = {end: number for number, end in enumerate(teacher)}
    ours = {end: number for number, end in enumerate(student)}
    return [(number, theirs[end]) for end, number in ours.items() if end in theirs]
