"""The exported graph says what the trained model says, however the text is cut and batched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import GPT2Config, GPT2LMHeadModel

from bot.network import Network, NetworkError
from kd_training.checkpoint import CheckpointError, load_model
from kd_training.export import (
    ExportError,
    agreement,
    export,
    export_random,
    random_model,
    shape_of,
    to_onnx,
)
from kd_training.onnx_graph import Precision
from kd_training.tokenizer import train_tokenizer

TEXTS = ["how many orders did we get", "SELECT COUNT(*) FROM orders WHERE orders.total > :n0"]


def tiny_model(**changes: Any) -> GPT2LMHeadModel:
    torch.manual_seed(0)
    sizes = {"vocab_size": 320, "n_positions": 40, "n_embd": 32, "n_layer": 3, "n_head": 4}
    settings = {"initializer_range": 0.15, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
    return GPT2LMHeadModel(GPT2Config(**{**sizes, **settings, **changes})).eval()


MODEL = tiny_model()


def network(precision: Precision = "fp32", model: GPT2LMHeadModel = MODEL) -> Network:
    return Network(to_onnx(model, precision).SerializeToString(), threads=1)


EXACT = network()


def torch_logits(ids: np.ndarray[Any, Any], model: GPT2LMHeadModel = MODEL) -> np.ndarray[Any, Any]:
    with torch.no_grad():
        logits: np.ndarray[Any, Any] = model(
            torch.from_numpy(ids), attention_mask=torch.ones(ids.shape, dtype=torch.int64)
        ).logits.numpy()
    return logits


@given(cuts=st.lists(st.integers(1, 9), min_size=1, max_size=4), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_reading_in_pieces_is_reading_at_once(cuts: list[int], seed: int) -> None:
    ids = np.random.default_rng(seed).integers(0, 320, (1, sum(cuts)))
    EXACT.rewind()
    pieces, begin = [], 0
    for cut in cuts:
        pieces.append(EXACT.read(ids[:, begin : begin + cut].tolist(), cut).copy())
        begin += cut
    assert EXACT.length == sum(cuts)
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), torch_logits(ids), rtol=1e-4, atol=1e-4)


@given(batch=st.integers(1, 5), first=st.integers(1, 9), more=st.integers(0, 5), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_rows_read_beside_each_other_do_not_mix(batch: int, first: int, more: int, seed: int) -> None:
    ids = np.random.default_rng(seed).integers(0, 320, (batch, first + more))
    EXACT.rewind()
    pieces = [EXACT.read(ids[:, :first].tolist(), first).copy()]
    pieces += [EXACT.read(ids[:, first + i : first + i + 1].tolist()).copy() for i in range(more)]
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), torch_logits(ids), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("rows", [[2, 0, 2, 1], [0, 1, 2], [1], [0, 0, 0, 0, 0]])
def test_rows_can_be_chosen_again(rows: list[int]) -> None:
    """What beam search does between two tokens."""
    ids = np.random.default_rng(1).integers(0, 320, (3, 6))
    served = network()
    served.read(ids.tolist())
    served.choose(rows)
    after = [[5 + i] for i in range(len(rows))]
    whole = np.concatenate([ids[rows], after], axis=1)
    np.testing.assert_allclose(served.read(after)[:, 0], torch_logits(whole)[:, -1], rtol=1e-4, atol=1e-4)


def test_what_was_read_can_be_forgotten() -> None:
    served = network()
    served.read([[7]])
    first = served.read([[1, 2, 3]]).copy()
    served.choose([0, 0])
    served.read([[4], [5]])
    served.rewind(1)
    np.testing.assert_array_equal(served.read([[1, 2, 3]]), first)
    with pytest.raises(ValueError, match="cannot go back to 9"):
        served.rewind(9)


def test_more_than_the_student_has_positions_for_is_refused() -> None:
    served = network()
    with pytest.raises(ValueError, match="41 positions are more than the 40"):
        served.read([[1] * 41])


def test_a_file_that_is_no_graph_is_named(tmp_path: Path) -> None:
    (tmp_path / "student.onnx").write_bytes(b"not a graph")
    with pytest.raises(NetworkError, match="not a model"):
        Network(tmp_path / "student.onnx", threads=1)
    other = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["ids"], ["logits"])], "other",
        [onnx.helper.make_tensor_value_info("ids", onnx.TensorProto.INT64, [1])],
        [onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.INT64, [1])],
    )  # fmt: skip
    onnx.save_model(onnx.helper.make_model(other, ir_version=10), str(tmp_path / "student.onnx"))
    with pytest.raises(NetworkError, match="another version of Mynah wrote it"):
        Network(tmp_path / "student.onnx", threads=1)


def test_a_read_gives_the_last_positions_logits_only() -> None:
    ids = np.random.default_rng(2).integers(0, 320, (2, 7))
    logits = network().read(ids.tolist())
    assert logits.shape == (2, 1, 320)
    np.testing.assert_allclose(logits[:, 0], torch_logits(ids)[:, -1], rtol=1e-4, atol=1e-4)
    served = network()
    np.testing.assert_allclose(served.read(ids.tolist(), 3), torch_logits(ids)[:, -3:], rtol=1e-4, atol=1e-4)
    for kept in (0, 2):
        with pytest.raises(ValueError, match=f"the logits of {kept} cannot be kept"):
            served.read([[1], [1]], kept)


def test_int8_is_close() -> None:
    ids = np.random.default_rng(3).integers(0, 320, (4, 30))
    exact, rough = torch_logits(ids), network("int8").read(ids.tolist(), 30)
    assert np.abs(exact - rough).mean() < 0.05 * np.abs(exact).mean()
    assert (exact.argmax(-1) == rough.argmax(-1)).mean() > 0.9


def test_the_graph_is_valid_and_keeps_one_token_table() -> None:
    for precision, size in (("int8", 1), ("fp32", 4)):
        graph = to_onnx(tiny_model(vocab_size=5000, n_embd=128), precision)  # type: ignore[arg-type]
        onnx.checker.check_model(graph)
        names = [constant.name for constant in graph.graph.initializer]
        assert len(names) == len(set(names))
        table = 5000 * 128 * size
        rest = (3 * 12 * 128 * 128 + 40 * 128 * 4) * size
        assert table < len(graph.SerializeToString()) < 1.3 * (table + rest) + 60_000


def test_a_directory_that_serves_and_resumes(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(TEXTS * 3, 320, [])
    export((MODEL, tokenizer), tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"student.onnx", "model.safetensors", "config.json", "tokenizer.json"}
    model, read = load_model(tmp_path / "out")
    assert read.to_str() == tokenizer.to_str()
    assert json.loads((tmp_path / "out" / "config.json").read_text())["model_type"] == "gpt2"
    ids = np.array([read.encode(TEXTS[1], add_special_tokens=False).ids])
    logits = Network(tmp_path / "out" / "student.onnx", threads=1).read(ids.tolist())
    for expected in (torch_logits(ids), torch_logits(ids, model)):
        assert logits[0, 0].argmax() == expected[0, -1].argmax()
        assert np.abs(logits[0, 0] - expected[0, -1]).mean() < 0.05 * np.abs(expected[0, -1]).mean()
    export(tmp_path / "out", tmp_path / "again")
    again = (tmp_path / "again" / "student.onnx").read_bytes()
    assert abs(len(again) - len((tmp_path / "out" / "student.onnx").read_bytes())) < 100


def test_agreement_tells_a_good_graph_from_a_bad_one() -> None:
    tokenizer: Tokenizer = train_tokenizer(TEXTS * 3, 320, [])
    pairs = [(TEXTS[0] + "\n", TEXTS[1]), ("orders\n", "SELECT COUNT(*) FROM orders")]
    good = agreement(MODEL, tokenizer, pairs)
    assert good.same_top > 0.9 and good.log_probability_gap < 0.2
    expected = sum(len(tokenizer.encode(target).ids) + 1 for _, target in pairs)
    assert good.positions == expected
    wild = tiny_model()
    with torch.no_grad():
        wild.transformer.h[1].ln_2.weight[3] = 500  # a huge channel takes up the whole range of int8 ...
        wild.transformer.h[1].mlp.c_fc.weight[3] = 0  # ... and means nothing
    assert agreement(wild, tokenizer, pairs).log_probability_gap > good.log_probability_gap


def test_models_that_are_not_plain_gpt2_are_refused(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(TEXTS, 320, [])
    with pytest.raises(ExportError, match="GELU"):
        export((tiny_model(activation_function="relu"), tokenizer), tmp_path)
    with pytest.raises(ExportError, match="heads of 6 channels"):  # ONNX Runtime would refuse it at the first question
        export((tiny_model(n_embd=24), tokenizer), tmp_path)
    huge = tiny_model()
    with torch.no_grad():
        huge.transformer.wpe.weight[0, 0] = 1e6
    with pytest.raises(ExportError, match=r"wpe\.weight"):
        export((huge, tokenizer), tmp_path)
    with pytest.raises(CheckpointError, match="nowhere"):
        export(tmp_path / "nowhere", tmp_path)


def test_a_random_student_for_timing(tmp_path: Path) -> None:
    path = export_random(tmp_path, "student")
    model = random_model("student")
    assert 0.95 * model.num_parameters() < path.stat().st_size < 1.15 * model.num_parameters()
    assert Network(path, threads=1).read([[1, 2, 3]]).shape == (1, 1, shape_of(model.config).vocabulary)
