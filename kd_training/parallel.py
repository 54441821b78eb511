"""One training step over several processes, as torchrun starts them: they share sums and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed
from torch import nn

from kd_training.taking_turns import turn


@dataclass(frozen=True)
class Workers:
    """This process (`rank`) among `world` of them."""

    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this process evaluates, logs and saves."""
        return self.rank == 0

    def sum(self, values: Sequence[float]) -> list[float]:
        """Each value summed over all processes."""
        if self.world == 1:
            return [float(value) for value in values]
        tensor = torch.tensor(values, dtype=torch.float64)
        torch.distributed.all_reduce(tensor)
        return [float(value) for value in tensor]

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace every gradient by its sum over all processes; a missing one counts as zero."""
        if self.world == 1:
            return
        held = list(parameters)
        flat = torch.cat([(p.grad if p.grad is not None else torch.zeros_like(p)).reshape(-1) for p in held])
        torch.distributed.all_reduce(flat)
        at = 0
        for parameter in held:
            parameter.grad = flat[at : at + parameter.numel()].view_as(parameter)
            at += parameter.numel()

    def wait(self) -> None:
        """Return when every process has come here."""
        if self.world > 1:
            torch.distributed.barrier()


@contextmanager
def workers() -> Iterator[Workers]:
    """Join the other processes when WORLD_SIZE says there are any, and leave them at the end."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Workers()
        return
    torch.distributed.init_process_group("gloo")
    try:
        yield Workers(torch.distributed.get_rank(), world)
    finally:
        torch.distributed.destroy_process_group()


@contextmanager
def turn_of_all(directory: Path) -> Iterator[None]:
    """The turn on `directory`, taken by the first of the processes that torchrun started for all of them."""
    if int(os.environ.get("RANK", "0")):
        yield
        return
    with turn(directory):
        yield
