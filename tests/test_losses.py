"""Both losses, and the forward pass that they are worked out on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch.nn import functional

from kd_training import losses
from kd_training.batches import encode_examples, make_batch, read_examples
from kd_training.forward import states_at
from kd_training.losses import Weights, align, count, cross_entropy, step_loss
from kd_training.tokenizer import train_tokenizer
from tests.toy_pairs import Vectors, tiny_model, written_pairs


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return written_pairs(tmp_path / "pairs.jsonl")


def test_both_losses_are_those_of_the_definition(pairs: Path) -> None:
    model = tiny_model()
    tokenizer = train_tokenizer([pairs.read_text()] * 2, 320, [])
    corpus = encode_examples(read_examples([pairs])[:7], tokenizer, 64)
    batch = make_batch(corpus, np.arange(7))
    aligned = align(batch, Vectors())
    projection = torch.nn.Linear(32, Vectors.width)
    found, _ = step_loss(model, projection, batch, aligned, count(batch, aligned), Weights(0.75, 0.25), torch.float32)
    ce, tokens, mse, pairs_seen = 0.0, 0.0, 0.0, 0
    for number in range(7):
        ids = torch.from_numpy(corpus.tokens[corpus.starts[number] : corpus.starts[number + 1]].astype(np.int64))
        output = model(ids[None], output_hidden_states=True)
        prompt, weight = int(corpus.prompts[number]), float(corpus.weights[number])
        logits = output.logits[0, prompt - 1 : -1]
        ce += weight * functional.cross_entropy(logits, ids[prompt:], reduction="sum").item()
        tokens += weight * (len(ids) - prompt)
        known = Vectors().get(corpus.keys[number])
        if known is not None:
            states = projection(output.hidden_states[-1][0, prompt + torch.from_numpy(known[0])])
            mse += ((states - torch.from_numpy(known[1])) ** 2).mean(-1).sum().item()
            pairs_seen += 2
    assert pairs_seen == 10
    assert found.item() == pytest.approx(0.75 * ce / tokens + 0.25 * mse / pairs_seen, rel=1e-5)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.05)])
def test_the_forward_pass_is_gpt2s(dtype: torch.dtype, tolerance: float) -> None:
    model = tiny_model(initializer_range=0.2)
    ids = torch.randint(0, 320, (5, 17))
    at = torch.randperm(5 * 17)[:40]
    expected = model.transformer(ids).last_hidden_state.reshape(-1, 32)[at]
    found = states_at(model, ids, at, dtype).float()
    assert float(((found - expected).abs().mean() / expected.abs().mean()).detach()) < tolerance


def test_dropout_is_on_in_training_only() -> None:
    model = tiny_model(resid_pdrop=0.3, embd_pdrop=0.3, attn_pdrop=0.3)
    ids, at = torch.randint(0, 320, (2, 9)), torch.arange(18)
    assert torch.equal(states_at(model, ids, at), states_at(model, ids, at))
    model.train()
    assert not torch.equal(states_at(model, ids, at), states_at(model, ids, at))


def test_cross_entropy_in_parts_has_the_whole_ones_value_and_gradients(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(losses, "_LOGITS_AT_ONCE", 7 * 50)
    torch.manual_seed(0)
    states, table = torch.randn(23, 8, requires_grad=True), torch.randn(50, 8, requires_grad=True)
    labels, weights = torch.randint(0, 50, (23,)), torch.rand(23)
    expected = (functional.cross_entropy(states @ table.t(), labels, reduction="none") * weights).sum()
    wanted = torch.autograd.grad(3 * expected, (states, table))
    found = cross_entropy(states, table, labels, weights)
    torch.testing.assert_close(found, expected)
    for gradient, reference in zip(torch.autograd.grad(3 * found, (states, table)), wanted, strict=True):
        torch.testing.assert_close(gradient, reference)


def test_states_of_another_tokenizer_are_refused(pairs: Path) -> None:
    class Beyond(Vectors):
        def get(self, key: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]] | None:
            return np.array([500]), np.zeros((1, self.width), np.float32)

    corpus = encode_examples(read_examples([pairs]), train_tokenizer(["x"], 300, []), 200)
    with pytest.raises(ValueError, match="outside its target"):
        align(make_batch(corpus, np.arange(3)), Beyond())
