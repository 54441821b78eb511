"""The student while it learns: weights, their running average, projection to the teacher, optimizer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel, Qwen2ForCausalLM

from kd_training.checkpoint import load_model
from kd_training.distill_config import ConfigError, DistillConfig
from kd_training.forward import check_supported
from kd_training.optimizer import Optimizer
from kd_training.qwen2 import load_qwen2, new_qwen2
from kd_training.tokenizer import end_id, load_tokenizer, train_tokenizer


def new_student(
    config: DistillConfig, texts: Iterable[str]
) -> tuple[GPT2LMHeadModel | Qwen2ForCausalLM, Tokenizer]:
    """The model to begin with: a loaded one, or random weights, its tokenizer given or learned.

    The same settings and texts give the same model. Raises ConfigError for one that could not be served.
    """
    torch.manual_seed(config.seed)
    if config.architecture == "qwen2":
        if not config.from_scratch:
            return load_qwen2(config.init)
        tokenizer = _tokenizer(config, texts)
        return new_qwen2(config, tokenizer), tokenizer
    if not config.from_scratch:
        model, tokenizer = load_model(config.init)
        for name in ("embd_pdrop", "resid_pdrop", "attn_pdrop"):
            setattr(model.config, name, config.dropout)
        for layer in model.modules():
            if isinstance(layer, nn.Dropout):
                layer.p = config.dropout
    else:
        tokenizer = _tokenizer(config, texts)
        model = GPT2LMHeadModel(gpt2_config(config, tokenizer))
    try:
        check_supported(model)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    return model, tokenizer


def _tokenizer(config: DistillConfig, texts: Iterable[str]) -> Tokenizer:
    if config.tokenizer:
        return load_tokenizer(config.tokenizer)
    return train_tokenizer(texts, config.vocab_size, config.protected)


def gpt2_config(config: DistillConfig, tokenizer: Tokenizer) -> GPT2Config:
    """The architecture that the settings ask for, ended and padded by the tokenizer's end token."""
    end = end_id(tokenizer)
    return GPT2Config(
        vocab_size=tokenizer.get_vocab_size(),
        n_positions=config.n_positions,
        n_embd=config.n_embd,
        n_layer=config.n_layer,
        n_head=config.n_head,
        embd_pdrop=config.dropout,
        resid_pdrop=config.dropout,
        attn_pdrop=config.dropout,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
    )


class Trainee:
    """A student with everything that changes while it learns."""

    def __init__(
        self,
        model: GPT2LMHeadModel | Qwen2ForCausalLM,
        tokenizer: Tokenizer,
        config: DistillConfig,
        teacher_width: int | None,
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.projection = None if teacher_width is None else nn.Linear(model.config.hidden_size, teacher_width)
        self._config = config
        self._named = dict(model.named_parameters())  # the tied head is not among them
        self._average = (
            {name: tensor.detach().clone() for name, tensor in self._named.items()} if config.ema_decay else {}
        )
        self._trained = dict(self._named)
        if self.projection is not None:
            self._trained |= {f"projection.{name}": p for name, p in self.projection.named_parameters()}
        self._optimizer = Optimizer(self._trained, config)
        model.train()

    @property
    def parameters(self) -> list[nn.Parameter]:
        """Everything that is trained, in a fixed order."""
        return list(self._trained.values())

    def clip(self) -> float:
        """Scale the gradients down to the settings' norm; returns the norm they had."""
        return float(torch.nn.utils.clip_grad_norm_(self.parameters, self._config.clip))

    def update(self, step: int, learning_rate: float) -> None:
        """Change the weights by their gradients, drop those, and move the average along."""
        self._optimizer.step(learning_rate)
        if self._average:
            decay = min(self._config.ema_decay, (1 + step) / (10 + step))  # young averages follow fast
            current = [parameter.detach() for parameter in self._named.values()]
            torch._foreach_lerp_(list(self._average.values()), current, 1 - decay)

    def weights(self) -> Mapping[str, Tensor]:
        """The weights to evaluate and export: the average where there is one."""
        return self._average or {name: parameter.detach() for name, parameter in self._named.items()}

    @contextmanager
    def evaluating(self) -> Iterator[GPT2LMHeadModel | Qwen2ForCausalLM]:
        """The model in evaluation mode with `weights()` in place, put back afterwards."""
        kept = {name: parameter.detach().clone() for name, parameter in self._named.items()}
        self._copy_in(self._average)
        self.model.train(False)
        try:
            with torch.no_grad():
                yield self.model
        finally:
            self._copy_in(kept)
            self.model.train()

    def _copy_in(self, weights: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, tensor in weights.items():
                self._named[name].copy_(tensor)

    def training_state(self) -> dict[str, Tensor]:
        """What `restore` needs besides the model directory: flat, named tensors."""
        tensors = {f"optimizer.{name}": value for name, value in self._optimizer.state().items()}
        if self._average:
            tensors |= {f"raw.{name}": parameter.detach() for name, parameter in self._named.items()}
        if self.projection is not None:
            tensors |= {f"projection.{name}": p.detach() for name, p in self.projection.named_parameters()}
        return tensors

    def restore(self, weights: Mapping[str, Tensor], training: Mapping[str, Tensor]) -> None:
        """Go back to what `weights()` and `training_state()` described. Raises KeyError if a part lacks."""
        if self._average:
            self._average = {name: weights[name].clone() for name in self._named}
            self._copy_in({name: training[f"raw.{name}"] for name in self._named})
        else:
            self._copy_in({name: weights[name] for name in self._named})
        with torch.no_grad():
            if self.projection is not None:
                for name, parameter in self.projection.named_parameters():
                    parameter.copy_(training[f"projection.{name}"])
        prefix = "optimizer."
        self._optimizer.restore(
            {name.removeprefix(prefix): value for name, value in training.items() if name.startswith(prefix)}
        )
