"""A Qwen2-architecture model as the learner: what a stand-in teacher is, so that vLLM serves it as it serves Qwen2."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import Qwen2Config, Qwen2ForCausalLM
from transformers.utils.logging import disable_progress_bar

from kd_training.checkpoint import CheckpointError
from kd_training.distill_config import DistillConfig
from kd_training.tokenizer import end_id, load_tokenizer


def new_qwen2(config: DistillConfig, tokenizer: Tokenizer) -> Qwen2ForCausalLM:
    """Random weights of the size that the settings ask for; the token table is tied, the inner layers 8/3 wide."""
    end = end_id(tokenizer)
    shape = Qwen2Config(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=config.n_embd,
        intermediate_size=-(-8 * config.n_embd // (3 * 32)) * 32,
        num_hidden_layers=config.n_layer,
        num_attention_heads=config.n_head,
        num_key_value_heads=config.n_head,
        max_position_embeddings=config.n_positions,
        attention_dropout=config.dropout,
        tie_word_embeddings=True,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
    )
    shape._attn_implementation = "eager"  # at these lengths its backward pass on a CPU is faster than the fused one
    return Qwen2ForCausalLM(shape)


def load_qwen2(directory: str | Path) -> tuple[Qwen2ForCausalLM, Tokenizer]:
    """The model (float32) and tokenizer of a directory. Raises CheckpointError, TokenizerError."""
    disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model = Qwen2ForCausalLM.from_pretrained(str(directory), dtype=torch.float32, attn_implementation="eager")
    except (OSError, ValueError) as error:
        raise CheckpointError(f"No Qwen2 model could be loaded from {directory}: {error}") from error
    return model, load_tokenizer(directory)


def qwen2_states_at(model: Qwen2ForCausalLM, ids: Tensor, at: Tensor, dtype: torch.dtype) -> Tensor:
    """The states after the final norm at flat positions `at` [t] of `ids` [b, n], padded on the right: [t, width]."""
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype is torch.bfloat16):
        states: Tensor = model.model(input_ids=ids, use_cache=False).last_hidden_state
    return states.reshape(-1, states.shape[-1])[at].to(dtype)
