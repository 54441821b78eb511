"""Weights between those before a stage and those after it: what is new is learned, and what was known is not forgotten.

The straight line between a model and what came of training it further often holds a better one than either end
(Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from kd_training.checkpoint import load_model, save_model


def blended(before: Path, after: Path, share: float, out: Path) -> Path:
    """`share` of the weights of `after` and the rest of `before`, as a model in `out`; `out` itself.

    Both have the same size and tokenizer. Raises CheckpointError, and ValueError for models that do not fit together.
    """
    old, _ = load_model(before)
    new, tokenizer = load_model(after)
    known = dict(old.named_parameters())
    mixed: dict[str, Tensor] = {}
    for name, weights in new.named_parameters():
        if name not in known or known[name].shape != weights.shape:
            raise ValueError(f"{before} and {after} are models of different sizes")
        mixed[name] = torch.lerp(known[name].detach(), weights.detach(), share)
    save_model(out, new, mixed, tokenizer)
    return out
