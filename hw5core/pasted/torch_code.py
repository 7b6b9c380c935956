"""What the classes, functions and methods of PyTorch mean to the reader."""

import ast
from collections.abc import Mapping
from dataclasses import fields, replace
from difflib import get_close_matches
from math import prod

from hw5core.errors import ArchitectureError, PastedTextError
from hw5core.network.base_layer import REQUIRED, Layer, Parameters
from hw5core.network.layers import KINDS, AdaptiveAvgPool, Flatten
from hw5core.pasted.arithmetic import MAX_ITEMS, is_scalar, is_whole
from hw5core.pasted.binding import bind, with_defaults
from hw5core.pasted.expressions import NEAREST_WORD, Expressions, name_module, shape_of
from hw5core.pasted.flow import has_passed, items_of, pass_layer, wrong_class
from hw5core.pasted.reading import shape_in_words
from hw5core.pasted.values import (
    Argument,
    Batch,
    Call,
    Finding,
    Instance,
    LayerModule,
    Library,
    Sample,
    SequentialModule,
    Tensor,
    Unknown,
    Value,
    WrongNumber,
)

_SAMPLES = frozenset({"empty", "ones", "rand", "randn", "zeros"})

LEFT_OUT = frozenset(
    {"CELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LogSigmoid", "Mish", "ReLU6", "SELU", "Softmax2d"}
    | {"Softmin", "Softshrink", "Softsign", "Tanhshrink", "Threshold", "celu", "hardsigmoid", "hardswish", "hardtanh"}
    | {"logsigmoid", "mish", "relu6", "selu", "softmin", "softsign"}
)
"""Classes and functions without parameters that keep the shape, and that no layer here computes."""

_SAME_MODULE = frozenset(
    {
        "to",
        "cuda",
        "cpu",
        "eval",
        "train",
        "float",
        "half",
        "double",
        "apply",
        "requires_grad_",
        "compile",
        "share_memory",
    }
)
_SAME_TENSOR = frozenset({"contiguous", "to", "float", "double", "half", "cuda", "cpu", "clone", "detach", "type"})
_SIDES = ((2, 3), (-2, -1), (-1, -2), (3, 2), [2, 3], [-2, -1], [-1, -2], [3, 2])
"""The dimensions of height and width, as a mean over them names them."""

_RETURN_MODULE = frozenset({"compile", "DataParallel", "DistributedDataParallel"})
_TENSOR_METHODS = frozenset({"size", "dim", "ndimension", "view", "reshape", "squeeze", "mean", *_SAME_TENSOR})


def calls() -> dict[str, tuple[type[Layer], Parameters | None]]:
    """Return the classes and functions that are read as a layer, each with its kind and parameters."""
    return {name: (kind, parameters) for kind in KINDS for name, parameters in kind.torch_calls().items()}


class TorchCode:
    """PyTorch. One object per program, because the kinds are looked up once."""

    def __init__(self) -> None:
        self._calls = calls()

    def owns(self, name: str) -> bool:
        return name == "torch" or name.startswith("torch.")

    def find(self, name: str) -> Library | None:
        known = name in self._calls and name[:1].isupper()
        return Library(f"torch.nn.{name}") if known or name in ("ModuleList", "Module") else None

    def exported(self, module: str) -> list[str]:
        classes = [name for name in self._calls if name[:1].isupper()]
        return [*classes, "Sequential", "ModuleList", "Module"] if module == "torch.nn" else []

    def call(self, program: Expressions, name: str, call: Call) -> Value:
        last = name.rpartition(".")[2]
        first = call.value(0, "input")
        if last == "Sequential":
            return self._sequential(call)
        if last == "ModuleList":
            return items_of(program, call, "modules")
        if last == "ModuleDict":
            return call.value(0, "modules", {})
        if last in _RETURN_MODULE:
            return call.value(0, "module")
        if last in _SAMPLES:
            return self._sample(program, call)
        if last == "reshape" and isinstance(first, Tensor):
            return self._reshape(program, first, replace(call, positional=call.positional[1:]))
        if last[:1].isupper() and name.startswith("torch.nn."):
            return self._make(program, name, call)
        if isinstance(first, Unknown):
            return first
        if not isinstance(first, Tensor):
            return program.unknown(call.node, f"{name} is not understood", program.tensor_of(call))
        if last not in self._calls and last not in LEFT_OUT:
            return program.unknown(call.node, f"{name} is not understood", first)
        named = {key: one for key, one in call.named.items() if key != "input"}
        function = self._make(program, name, replace(call, positional=call.positional[1:], named=named))
        function.call = call
        return self.apply(program, function, first, call, program.source.cut(program.source.span(call.node.func)))

    def _sequential(self, call: Call) -> SequentialModule:
        first = call.value(0, "arg")
        if len(call.positional) == 1 and isinstance(first, dict):
            return SequentialModule([(str(key), value) for key, value in first.items()], call)
        return SequentialModule([(str(number), one.value) for number, one in enumerate(call.positional)], call)

    def _sample(self, program: Expressions, call: Call) -> Value:
        sizes = call.value(0, "size")
        values = sizes if isinstance(sizes, tuple | list) else [one.value for one in call.positional]
        if all(is_whole(value) for value in values) and len(values) <= 5:
            return Sample(tuple(values))
        return program.unknown(call.node, "the shape of this tensor is not known")

    def _make(self, program: Expressions, name: str, call: Call) -> LayerModule:
        """Return the module that a class makes. One that cannot be made knows why."""
        program.made[id(call.node)] = program.made.get(id(call.node), 0) + 1
        module = LayerModule(name, call)
        last = name.rpartition(".")[2]
        if last not in self._calls:
            module.trouble = None if last in LEFT_OUT else self._not_known(program, name, call.node)
            return module
        kind, parameters = self._calls[last]
        try:
            if parameters is None:
                module.layer = kind.from_torch(last, {})
                return module
            given = bind(last, parameters, call.positional, call.named)
            module.given = {key: Argument(_plain(one.value), one.node) for key, one in given.items()}
            module.trouble = next((one.value.trouble for one in given.values() if isinstance(one.value, Unknown)), None)
            if module.trouble is None:
                values = {key: one.value for key, one in module.given.items()}
                module.layer = kind.from_torch(last, with_defaults(parameters, values))
        except (ArchitectureError, PastedTextError) as error:
            program.spend(NEAREST_WORD)  # the message may name it
            module.trouble = self._refused(program, module, last, str(error))
        return module

    def _refused(self, program: Expressions, module: LayerModule, last: str, reason: str) -> Finding:
        """Return why a layer with these arguments cannot be made. A flatten gets the right argument."""
        node = module.call.node
        text, span = reason if last in reason else f"{last}: {reason}", program.source.span(node)
        if last == "flatten" and node.lineno == node.end_lineno:
            values = [one for one in module.call.positional if one.node is not None]
            if not module.call.named and len(values) <= 1:
                written = program.source.cut(replace(span, end_column=span.end_column - 1))
                if values and values[0].node is not None:
                    number = program.source.span(values[0].node)
                    return Finding(node.lineno, text, number, "1", "Write 1")
                joint = "" if written.endswith("(") else ", "
                return Finding(node.lineno, text, span, f"{written}{joint}1)", f"Write {written[:40]}{joint}1)")
        return Finding(node.lineno, text, span)

    def _not_known(self, program: Expressions, name: str, node: ast.Call) -> Finding:
        """Return why a class or function cannot be counted, with the nearest one that can."""
        last = name.rpartition(".")[2]
        program.spend(NEAREST_WORD)
        lower = {known.lower(): known for known in self._calls if known[:1].isupper() == last[:1].isupper()}
        near = get_close_matches(last.lower(), lower, 1, 0.75)
        if not near:
            text = f"{last[:40]} cannot be counted: only chains of the layers of this app are understood"
            return wrong_class(program.source, node, last, text, None)
        right = lower[near[0]]
        return wrong_class(program.source, node, last, f"there is no {last[:40]} here: write {right}", right)

    def apply(self, program: Expressions, module: LayerModule, tensor: Tensor, call: Call, name: str) -> Value:
        if module.trouble is not None:
            return Unknown(module.trouble, tensor)
        if module.layer is None:
            return tensor
        last = module.called.rpartition(".")[2]
        right = module.layer.torch_class(tensor.shape)
        if last[-2:] in ("1d", "2d") and right[-2:] in ("1d", "2d") and last != right and last[:1].isupper():
            text = f"{last} does not take an input of {shape_in_words(tensor.shape)}: write {right}"
            tensor = tensor.with_trouble(wrong_class(program.source, module.call.node, last, text, right))
        if isinstance(module.layer, Flatten) and last[:1].islower() and len(tensor.shape) == 1:
            return tensor
        wrong = self._wrong_number(program, module, tensor, name)
        return pass_layer(program, module, module.layer, tensor, call, name, wrong, has_passed(tensor, module))

    def _wrong_number(self, program: Expressions, module: LayerModule, tensor: Tensor, name: str) -> WrongNumber | None:
        """Return the argument that should follow from the input but does not, such as in_channels."""
        assert module.layer is not None
        last = module.called.rpartition(".")[2]
        kind, parameters = self._calls[last]
        right = _right_arguments(module.layer, parameters or {}, tensor)
        for parameter in derived(kind, parameters or {}):
            written = module.given[parameter].value
            if parameter in right and _plain(written) != _plain(right[parameter]):
                node = module.given[parameter].node if program.made[id(module.call.node)] == 1 else None
                return WrongNumber(name, module.call.node, parameter, written, right[parameter], node, tensor)
        return None

    def has_method(self, receiver: Value, name: str) -> bool:
        match receiver:
            case Tensor():
                return name in _TENSOR_METHODS or (name in self._calls and name[:1].islower()) or name in LEFT_OUT
            case Sample():
                return name in ("size", "to", "cuda", "float")
            case SequentialModule():
                return name in _SAME_MODULE or name in ("add_module", "append", "children")
            case Instance():
                return name in _SAME_MODULE or name in ("add_module", "register_module")
        return name in _SAME_MODULE

    def call_method(self, program: Expressions, receiver: Value, name: str, call: Call) -> Value:
        match receiver, name:
            case ((Tensor() | Sample()), "size"):
                place = call.value(0, "dim")
                shape = shape_of(receiver)
                if place is None:
                    return shape
                inside = is_whole(place) and -len(shape) <= place < len(shape)
                return shape[place] if inside else program.unknown(call.node, "there is no such dimension")
            case Tensor(), "dim" | "ndimension":
                return len(receiver.shape) + 1
            case Tensor(), "view" | "reshape":
                return self._reshape(program, receiver, call)
            case Tensor(), "squeeze":
                if len(receiver.shape) == 3 and receiver.shape[1:] == (1, 1):
                    return pass_layer(program, None, Flatten(), receiver, call, "x.squeeze")
            case Tensor(), "mean" if call.value(0, "dim") in _SIDES and len(receiver.shape) == 3:
                pooled = pass_layer(program, None, AdaptiveAvgPool(1), receiver, call, "x.mean")
                if not isinstance(pooled, Tensor) or call.value(1, "keepdim", False):
                    return pooled
                return pass_layer(program, None, Flatten(), pooled, call, "x.mean")
            case Tensor(), _ if name in self._calls or name in LEFT_OUT:
                function = self._make(program, f"torch.{name}", call)
                return self.apply(program, function, receiver, call, f"x.{name}")
            case SequentialModule(), "add_module" | "append" if len(receiver.children) >= MAX_ITEMS:
                return program.unknown(call.node, f"a sequence has at most {MAX_ITEMS:,} layers here")
            case SequentialModule(), "add_module" if len(call.positional) == 2:
                receiver.children.append((str(call.value(0, "name")), call.value(1, "module")))
                return None
            case SequentialModule(), "append":
                receiver.children.append((str(len(receiver.children)), call.value(0, "module")))
                return None
            case SequentialModule(), "children":
                return [child for _, child in receiver.children]
            case Instance(), "add_module" | "register_module" if isinstance(call.value(0, "name"), str):
                name_module(call.value(1, "module"), call.value(0, "name"))
                receiver.attributes[call.value(0, "name")] = call.value(1, "module")
                return None
        if name in _SAME_TENSOR or name in _SAME_MODULE:
            return receiver
        return program.unknown(
            call.node, f"{name} is not understood", receiver if isinstance(receiver, Tensor) else None
        )

    def _reshape(self, program: Expressions, tensor: Tensor, call: Call) -> Value:
        """Return a tensor after view or reshape: a flatten, or no change."""
        first = call.value(0, "shape")
        sizes = list(first) if isinstance(first, tuple | list) else [one.value for one in call.positional]
        nodes = [None] * len(sizes) if isinstance(first, tuple | list) else [one.node for one in call.positional]
        unknown = next((size for size in sizes if isinstance(size, Unknown)), None)
        if unknown:
            return Unknown(unknown.trouble, tensor)
        batch, *shape = sizes or [None]
        values = prod(tensor.shape)
        if not (isinstance(batch, Batch) or is_whole(batch)) or not all(is_whole(size) for size in shape):
            return program.unknown(call.node, "this shape is not understood", tensor)
        if batch == -1 and -1 in shape:
            return program.unknown(call.node, "only one size can be -1: write x.view(x.size(0), -1)", tensor)
        written = prod(size for size in shape if size != -1)
        if shape.count(-1) == 1 and written and values % written == 0:
            shape = [values // written if size == -1 else size for size in shape]
        if tuple(shape) == tensor.shape:
            return tensor
        if len(shape) != 1:
            return program.unknown(call.node, "only a reshape to rows of features is understood", tensor)
        name = program.source.cut(program.source.span(call.node.func))
        wrong = None
        if shape[0] != values:
            wrong = WrongNumber(name, call.node, "row", shape[0], values, nodes[1] if len(nodes) == 2 else None, tensor)
        if len(tensor.shape) == 1:
            return tensor.with_trouble(wrong) if wrong else tensor
        return pass_layer(program, None, Flatten(), tensor, call, name, wrong)


def derived(kind: type[Layer], parameters: Parameters) -> list[str]:
    """Return the parameters that PyTorch needs and that follow from the input here."""
    own = {one.name for one in fields(kind)} | set(kind.torch_fields)
    return [name for name, default in parameters.items() if default is REQUIRED and name not in own]


def _right_arguments(layer: Layer, parameters: Parameters, tensor: Tensor) -> Mapping[str, object]:
    try:
        arguments = layer.torch_arguments(tensor.shape)
        return bind("", parameters, arguments.positional, arguments.named)
    except (PastedTextError, IndexError, TypeError):
        return {}


def _plain(value: Value) -> Value:
    """Return an argument as a number, text or short tuple; anything else as None, which no layer takes."""
    if isinstance(value, list | tuple) and 1 <= len(value) <= 4 and all(is_scalar(one) for one in value):
        return tuple(value) if len(value) > 1 else value[0]
    return value if is_scalar(value) else None
