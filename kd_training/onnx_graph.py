"""GPT-2 as one explicit ONNX graph: token ids and past keys and values in, logits and present ones out.

The graph is written node by node rather than traced, so that what serves can be read here. In int8 every
matrix is stored once, one scale per output channel; what is multiplied with it is quantised as it comes, one
scale per call ("dynamic" quantisation, in standard operators). The token table is stored once too, in the
layout that the output layer multiplies with; the input layer gathers its columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]
Precision = Literal["int8", "fp32"]
Positions = Literal["last", "all"]

_OPSET = 20
_CONTRIB = "com.microsoft"  # onnxruntime's own operators: MultiHeadAttention
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


def build_graph(
    weights: Mapping[str, Floats], shape: Shape, precision: Precision, positions: Positions
) -> onnx.ModelProto:
    """The graph of the given weights, under transformers' names without "transformer." before them.

    Inputs: `ids` [batch, n] int64; `past_k`, `past_v` [layers, batch, heads, past, width / heads] float32.
    All rows of a batch have the same n and the same past (either may be of any length, past also 0, up to
    shape.positions together). Outputs: `logits` [batch, 1, vocabulary] of the last position, or [batch, n,
    vocabulary] when `positions` is "all"; `present_k`, `present_v`, longer than the past by n.
    """
    graph = _Graph(precision)
    states, output_table = _embed(graph, weights)
    keys: list[str] = []
    values: list[str] = []
    for layer in range(shape.layers):
        states, key, value = _block(graph, weights, shape, layer, states)
        keys.append(graph.op("Unsqueeze", key, graph.ints(0)))
        values.append(graph.op("Unsqueeze", value, graph.ints(0)))
    if positions == "last":
        states = graph.op("Slice", states, graph.ints(-1), graph.ints(np.iinfo(np.int64).max), graph.ints(1))
    logits = graph.product(_norm(graph, weights, "ln_f", shape, states), output_table)
    graph.name_output(logits, "logits")
    graph.name_output(graph.op("Concat", *keys, axis=0), "present_k")
    graph.name_output(graph.op("Concat", *values, axis=0), "present_v")
    return _model(graph, shape, positions)


@dataclass(frozen=True)
class _Matrix:
    """A stored matrix [in, out]: in int8 with the scale of each output channel, in float32 without."""

    name: str
    scales: str | None


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

    def ops(self, kind: str, *inputs: str, results: int, domain: str = "", **attributes: Any) -> list[str]:
        """Add a node with several results; returns their names."""
        outputs = [f"{kind}_{len(self.nodes)}_{number}" for number in range(results)]
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, domain=domain, **attributes))
        return outputs

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node with one result; returns its name."""
        return self.ops(kind, *inputs, results=1, domain=domain, **attributes)[0]

    def name_output(self, value: str, name: str) -> None:
        """Make a value an output of the graph under a name of its own."""
        self.nodes.append(helper.make_node("Identity", [value], [name]))

    def matrix(self, matrix: Floats, name: str) -> _Matrix:
        """Store a matrix [in, out], in int8 where the graph is."""
        if self.precision == "fp32":
            return _Matrix(self.constant(matrix, name), None)
        scales = np.maximum(np.abs(matrix).max(axis=0), _LEAST_SCALE) / 127
        rounded = np.clip(np.rint(matrix / scales), -127, 127).astype(np.int8)
        return _Matrix(self.constant(rounded, name), self.constant(scales.astype(np.float32), f"{name}.scales"))

    def product(self, states: str, matrix: _Matrix) -> str:
        """states [..., in] @ matrix [in, out]."""
        if matrix.scales is None:
            return self.op("MatMul", states, matrix.name)
        rounded, scale, zero = self.ops("DynamicQuantizeLinear", states, results=3)
        whole = self.op("MatMulInteger", rounded, matrix.name, zero)
        number = self.op("Cast", whole, to=TensorProto.FLOAT)
        return self.op("Mul", number, self.op("Mul", scale, matrix.scales))


def _embed(graph: _Graph, weights: Mapping[str, Floats]) -> tuple[str, _Matrix]:
    """States [batch, n, width] of the input ids, and the token table as the output layer's matrix."""
    table = graph.matrix(weights["wte.weight"].T, "tokens")
    gathered = graph.op("Transpose", graph.op("Gather", table.name, "ids", axis=1), perm=[1, 2, 0])
    if table.scales is not None:
        scales = graph.op("Unsqueeze", graph.op("Gather", table.scales, "ids"), graph.ints(-1))
        gathered = graph.op("Mul", graph.op("Cast", gathered, to=TensorProto.FLOAT), scales)
    one = graph.constant(np.array(1, np.int64))
    past = graph.op("Gather", graph.op("Shape", "past_k"), graph.constant(np.array(3, np.int64)))
    length = graph.op("Gather", graph.op("Shape", "ids"), one)
    places = graph.op("Range", past, graph.op("Add", past, length), one)
    return graph.op("Add", gathered, graph.op("Gather", graph.constant(weights["wpe.weight"]), places)), table


def _block(graph: _Graph, weights: Mapping[str, Floats], shape: Shape, layer: int, states: str) -> tuple[str, str, str]:
    """One layer: new states, and all keys and values up to here [batch, heads, past + n, width / heads]."""
    name = f"h.{layer}"
    joint = _linear(graph, weights, f"{name}.attn.c_attn", _norm(graph, weights, f"{name}.ln_1", shape, states))
    query, key, value = graph.ops("Split", joint, results=3, axis=-1, num_outputs=3)
    number = graph.constant(np.array(layer, np.int64))
    attended, all_keys, all_values = graph.ops(
        "MultiHeadAttention",
        *(query, key, value, "", "", ""),
        graph.op("Gather", "past_k", number),
        graph.op("Gather", "past_v", number),
        results=3,
        domain=_CONTRIB,
        num_heads=shape.heads,
        unidirectional=1,
    )
    states = graph.op("Add", states, _linear(graph, weights, f"{name}.attn.c_proj", attended))
    inner = _linear(graph, weights, f"{name}.mlp.c_fc", _norm(graph, weights, f"{name}.ln_2", shape, states))
    inner = graph.op("Gelu", inner, approximate="tanh")
    return graph.op("Add", states, _linear(graph, weights, f"{name}.mlp.c_proj", inner)), all_keys, all_values


def _linear(graph: _Graph, weights: Mapping[str, Floats], name: str, states: str) -> str:
    matrix = graph.matrix(weights[f"{name}.weight"], name)
    return graph.op("Add", graph.product(states, matrix), graph.constant(weights[f"{name}.bias"]))


def _norm(graph: _Graph, weights: Mapping[str, Floats], name: str, shape: Shape, states: str) -> str:
    scale, shift = graph.constant(weights[f"{name}.weight"]), graph.constant(weights[f"{name}.bias"])
    return graph.op("LayerNormalization", states, scale, shift, axis=-1, epsilon=shape.epsilon)


def _model(graph: _Graph, shape: Shape, positions: Positions) -> onnx.ModelProto:
    def tensor(name: str, *sizes: int | str, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, list(sizes))

    size = shape.width // shape.heads
    inputs = [tensor("ids", "batch", "n", kind=TensorProto.INT64)]
    inputs += [tensor(f"past_{c}", shape.layers, "batch", shape.heads, "past", size) for c in "kv"]
    outputs = [tensor("logits", "batch", "n" if positions == "all" else 1, shape.vocabulary)]
    outputs += [tensor(f"present_{c}", shape.layers, "batch", shape.heads, "all", size) for c in "kv"]
    body = helper.make_graph(graph.nodes, "student", inputs, outputs, graph.constants)
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_CONTRIB, 1)]
    return helper.make_model(body, opset_imports=opsets, ir_version=10, producer_name="mynah")
