"""GPT-2 as one explicit ONNX graph: token ids and past keys and values in, logits and present ones out.

The graph is written node by node rather than traced, so that what serves can be read here. In int8 every
matrix is stored once, in blocks of inputs with one scale each (onnxruntime's MatMulNBits, which reads
weights faster than MatMulInteger when there is one row to multiply); what is multiplied with it is rounded to
int8 as it comes. The token table is stored once too: the output layer multiplies with it, the input layer
gathers its rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]
Precision = Literal["int8", "fp32"]

_OPSET = 20
_CONTRIB = "com.microsoft"  # onnxruntime's own operators: GroupQueryAttention, MatMulNBits
_INT8_ARITHMETIC = 4  # MatMulNBits' `accuracy_level`: products of int8, not of floats restored from it
_ZERO = 128  # what stands for nought in unsigned bytes
_BLOCKS = (256, 128, 64, 32, 16)  # that MatMulNBits knows; the longer, the faster, and the coarser by little
_LEAST_SCALE = 1e-12  # keeps an all-zero channel from dividing by zero


@dataclass(frozen=True)
class Shape:
    """The size of a GPT-2."""

    vocabulary: int
    positions: int
    width: int
    layers: int
    heads: int
    epsilon: float = 1e-5


def build_graph(weights: Mapping[str, Floats], shape: Shape, precision: Precision) -> onnx.ModelProto:
    """The graph of the given weights, under transformers' names without "transformer." before them.

    Inputs: `ids` [batch, n] int64, read after the first `at` positions; `past_k_0`, `past_v_0`, .. [batch, heads,
    shape.positions, width / heads] float32 for each layer, of which the first `at` positions count. All rows of a
    batch have the same n and `at`; after the first read n is 1 or batch is. `kept` [1] int64: how many of the n, the
    last ones, `logits` [batch, kept, vocabulary] are wanted of. Outputs: those, and `present_k_0`, .. with n positions
    more, shaped as the past ones and best bound to the same memory.
    """
    graph = _Graph(precision)
    length = graph.op("Gather", graph.op("Shape", "ids"), graph.constant(np.array(1, np.int64)))
    total = graph.op("Add", "at", length)
    states, table = _embed(graph, weights, total)
    lengths = _lengths(graph, total)
    for layer in range(shape.layers):
        states = _block(graph, weights, shape, layer, states, lengths)
    start = graph.op("Neg", "kept")
    states = graph.op("Slice", states, start, graph.ints(np.iinfo(np.int64).max), graph.ints(1))
    graph.name_output(graph.product(_norm(graph, weights, "ln_f", shape, states), table), "logits")
    return _model(graph, shape)


@dataclass(frozen=True)
class _Matrix:
    """A stored matrix: [in, out] floats, or in int8 [out, blocks, block] bytes with the scale of each block."""

    name: str
    scales: str | None
    inputs: int
    outputs: int
    block: int = 0


class _Graph:
    """Nodes and constants in the order they are made."""

    def __init__(self, precision: Precision) -> None:
        self.precision = precision
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._ints: dict[int, str] = {}

    def constant(self, array: Array, name: str | None = None) -> str:
        """Store an array; returns its name."""
        name = name or f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def ints(self, *values: int) -> str:
        """A vector of integers, as shapes and axes want it; a single one is stored once."""
        if len(values) > 1:
            return self.constant(np.array(values, np.int64))
        (value,) = values
        if value not in self._ints:
            self._ints[value] = self.constant(np.array([value], np.int64))
        return self._ints[value]

    def node(
        self, kind: str, inputs: Sequence[str], outputs: Sequence[str], domain: str = "", **attributes: Any
    ) -> None:
        """Add a node."""
        self.nodes.append(helper.make_node(kind, list(inputs), list(outputs), domain=domain, **attributes))

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node with one result; returns its name."""
        result = f"{kind}_{len(self.nodes)}"
        self.node(kind, inputs, [result], domain, **attributes)
        return result

    def name_output(self, value: str, name: str) -> None:
        """Make a value an output of the graph under a name of its own."""
        self.node("Identity", [value], [name])

    def matrix(self, matrix: Floats, name: str) -> _Matrix:
        """Store a matrix [in, out], in int8 where the graph is."""
        inputs, outputs = matrix.shape
        if self.precision == "fp32":
            return _Matrix(self.constant(matrix, name), None, inputs, outputs)
        block = next((size for size in _BLOCKS if inputs % size == 0), 128)
        blocks = np.pad(matrix.T, ((0, 0), (0, -inputs % block))).reshape(outputs, -1, block)
        scales = np.maximum(np.abs(blocks).max(axis=2), _LEAST_SCALE) / 127
        rounded = np.clip(np.rint(blocks / scales[..., None]), -127, 127) + _ZERO
        stored = self.constant(rounded.astype(np.uint8), name)
        return _Matrix(stored, self.constant(scales.astype(np.float32), f"{name}.scales"), inputs, outputs, block)

    def product(self, states: str, matrix: _Matrix) -> str:
        """states [..., in] @ matrix [in, out]."""
        if matrix.scales is None:
            return self.op("MatMul", states, matrix.name)
        return self.op(
            "MatMulNBits", states, matrix.name, matrix.scales, domain=_CONTRIB, K=matrix.inputs, N=matrix.outputs,
            bits=8, block_size=matrix.block, accuracy_level=_INT8_ARITHMETIC,
        )  # fmt: skip

    def rows(self, matrix: _Matrix, ids: str) -> str:
        """The columns of a stored matrix [in, out] that `ids` [batch, n] name: [batch, n, in]."""
        if matrix.scales is None:
            return self.op("Transpose", self.op("Gather", matrix.name, ids, axis=1), perm=[1, 2, 0])
        stored = self.op("Cast", self.op("Gather", matrix.name, ids), to=TensorProto.FLOAT)
        centred = self.op("Sub", stored, self.constant(np.array(_ZERO, np.float32)))
        scales = self.op("Unsqueeze", self.op("Gather", matrix.scales, ids), self.ints(-1))
        whole = self.op("Reshape", self.op("Mul", centred, scales), self.ints(0, 0, -1))
        return self.op("Slice", whole, self.ints(0), self.ints(matrix.inputs), self.ints(2))


def _embed(graph: _Graph, weights: Mapping[str, Floats], total: str) -> tuple[str, _Matrix]:
    """States [batch, n, width] of the input ids, and the token table as the output layer's matrix."""
    table = graph.matrix(weights["wte.weight"].T, "tokens")
    places = graph.op("Range", "at", total, graph.constant(np.array(1, np.int64)))
    here = graph.op("Gather", graph.constant(weights["wpe.weight"]), places)
    return graph.op("Add", graph.rows(table, "ids"), here), table


def _lengths(graph: _Graph, total: str) -> tuple[str, str]:
    """How GroupQueryAttention wants to be told what was read: the last position of each row, and the whole length."""
    whole = graph.op("Cast", total, to=TensorProto.INT32)
    last = graph.op("Sub", whole, graph.constant(np.array(1, np.int32)))
    batch = graph.op("Slice", graph.op("Shape", "ids"), graph.ints(0), graph.ints(1))
    return graph.op("Expand", last, batch), whole


def _block(
    graph: _Graph, weights: Mapping[str, Floats], shape: Shape, layer: int, states: str, lengths: tuple[str, str]
) -> str:
    """One layer: new states [batch, n, width]."""
    name = f"h.{layer}"
    joint = _linear(graph, weights, f"{name}.attn.c_attn", _norm(graph, weights, f"{name}.ln_1", shape, states))
    attended = f"{name}.attended"
    graph.node(
        "GroupQueryAttention",
        [joint, "", "", f"past_k_{layer}", f"past_v_{layer}", *lengths],
        [attended, f"present_k_{layer}", f"present_v_{layer}"],
        _CONTRIB, num_heads=shape.heads, kv_num_heads=shape.heads,
    )  # fmt: skip
    states = graph.op("Add", states, _linear(graph, weights, f"{name}.attn.c_proj", attended))
    inner = _linear(graph, weights, f"{name}.mlp.c_fc", _norm(graph, weights, f"{name}.ln_2", shape, states))
    inner = graph.op("Gelu", inner, approximate="tanh")
    return graph.op("Add", states, _linear(graph, weights, f"{name}.mlp.c_proj", inner))


def _linear(graph: _Graph, weights: Mapping[str, Floats], name: str, states: str) -> str:
    matrix = graph.matrix(weights[f"{name}.weight"], name)
    return graph.op("Add", graph.product(states, matrix), graph.constant(weights[f"{name}.bias"]))


def _norm(graph: _Graph, weights: Mapping[str, Floats], name: str, shape: Shape, states: str) -> str:
    scale, shift = graph.constant(weights[f"{name}.weight"]), graph.constant(weights[f"{name}.bias"])
    return graph.op("LayerNormalization", states, scale, shift, axis=-1, epsilon=shape.epsilon)


def _model(graph: _Graph, shape: Shape) -> onnx.ModelProto:
    def tensor(name: str, *sizes: int | str, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, list(sizes))

    size = shape.width // shape.heads
    kept = [(f"{kind}_{layer}", shape.positions) for layer in range(shape.layers) for kind in "kv"]
    whole = TensorProto.INT64
    inputs = [tensor("ids", "batch", "n", kind=whole), tensor("at", kind=whole), tensor("kept", 1, kind=whole)]
    inputs += [tensor(f"past_{name}", "batch", shape.heads, count, size) for name, count in kept]
    outputs = [tensor("logits", "batch", "kept", shape.vocabulary)]
    outputs += [tensor(f"present_{name}", "batch", shape.heads, count, size) for name, count in kept]
    body = helper.make_graph(graph.nodes, "student", inputs, outputs, graph.constants)
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_CONTRIB, 1)]
    return helper.make_model(body, opset_imports=opsets, ir_version=10, producer_name="mynah")
