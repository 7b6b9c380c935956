"""What the classes and methods of Keras mean to the reader."""

from difflib import get_close_matches

from hw5core.errors import ArchitectureError, PastedTextError
from hw5core.network.base_layer import Layer
from hw5core.pasted.arithmetic import is_whole
from hw5core.pasted.binding import bind, with_defaults
from hw5core.pasted.expressions import NEAREST_WORD, Expressions
from hw5core.pasted.flow import has_passed, items_of, pass_layer, wrong_class
from hw5core.pasted.keras_layers import KINDS, activation_layers
from hw5core.pasted.values import (
    Argument,
    Call,
    Finding,
    LayerModule,
    Library,
    SequentialModule,
    Tensor,
    Unknown,
    Value,
)

_IGNORED = frozenset(
    {"activity_regularizer", "batch_size", "beta_constraint", "beta_initializer", "beta_regularizer", "bias_constraint"}
    | {"bias_initializer", "bias_regularizer", "dtype", "gamma_constraint", "gamma_initializer", "gamma_regularizer"}
    | {"kernel_constraint", "kernel_initializer", "kernel_regularizer", "moving_mean_initializer", "name", "seed"}
    | {"moving_variance_initializer", "noise_shape", "trainable", "depthwise_initializer", "pointwise_initializer"}
)
"""Arguments of layers that change neither shapes nor counts."""

_SHAPES = ("shape", "input_shape", "batch_shape", "batch_input_shape", "input_dim")
_INPUTS = frozenset({"Input", "InputLayer"})
_AS_IS = frozenset({"Rescaling", "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast"})
_ACTIVATIONS = frozenset({"ReLU", "LeakyReLU", "ELU", "Softmax"})
_TAKES_ROWS = frozenset({"Dense", "Dropout", "Flatten", "BatchNormalization", "Activation"})
_OTHER_NAMES = {
    "Convolution2D": "Conv2D",
    "MaxPool2D": "MaxPooling2D",
    "AvgPool2D": "AveragePooling2D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "SpatialDropout2D": "Dropout",
}


class KerasCode:
    """Keras, alone or as a part of TensorFlow."""

    def owns(self, name: str) -> bool:
        return name == "keras" or name.startswith("keras.")

    def find(self, name: str) -> Library | None:
        known = _INPUTS | _ACTIVATIONS | _AS_IS | {*KINDS, *_OTHER_NAMES}
        if name in ("Sequential", "Model"):
            return Library(f"keras.{name}")
        return Library(f"keras.layers.{name}") if name in known else None

    def exported(self, module: str) -> list[str]:
        if module in ("keras.models", "keras"):
            return ["Sequential", "Model", "Input"]
        return [*KINDS, *_OTHER_NAMES, *_INPUTS, *_ACTIVATIONS] if module == "keras.layers" else []

    def call(self, program: Expressions, name: str, call: Call) -> Value:
        last = name.rpartition(".")[2]
        if last == "Sequential":
            layers = items_of(program, call, "layers")
            if isinstance(layers, Unknown):
                return layers
            return SequentialModule([(str(number), layer) for number, layer in enumerate(layers)], call)
        if last == "Model":
            return call.value(1, "outputs")
        if last[:1].isupper() and (".layers." in name or last in _INPUTS):
            return self._make(program, last, call)
        return program.unknown(call.node, f"{name} is not understood", program.tensor_of(call))

    def _make(self, program: Expressions, name: str, call: Call) -> LayerModule:
        last = _OTHER_NAMES.get(name, name)
        module = LayerModule(f"keras.layers.{last}", call)
        own_name = call.named["name"].value if "name" in call.named else None
        module.name = own_name[:40] if isinstance(own_name, str) else ""
        self._note_input(program, last, call)
        if last in _INPUTS | _AS_IS | _ACTIVATIONS:
            return module
        span = program.source.span(call.node)
        if last not in KINDS:
            program.spend(NEAREST_WORD)
            near = get_close_matches(last, [*KINDS, *_OTHER_NAMES], 1, 0.75)
            text = f"there is no {last[:40]} here: write {near[0]}" if near else f"{last[:40]} cannot be counted"
            module.trouble = wrong_class(program.source, call.node, name, text, near[0] if near else None)
            return module
        named = {key: one for key, one in call.named.items() if key not in _IGNORED and key not in _SHAPES}
        try:
            module.given = bind(last, KINDS[last][0], call.positional, named)
            module.trouble = next(
                (one.value.trouble for one in module.given.values() if isinstance(one.value, Unknown)), None
            )
        except PastedTextError as error:
            program.spend(NEAREST_WORD)  # the message may name it
            module.trouble = Finding(call.node.lineno, str(error), span)
        return module

    def _note_input(self, program: Expressions, last: str, call: Call) -> None:
        """Remember the input shape that a layer names. Keras' order is height, width, channels."""
        value = next((call.named[name].value for name in _SHAPES if name in call.named), None)
        if value is None and last in _INPUTS:
            value = call.value(0, "shape")
        sizes = tuple(value) if isinstance(value, list | tuple) else (value,)
        if sizes[0] is None or any(name in call.named for name in ("batch_shape", "batch_input_shape")):
            sizes = sizes[1:]
        if not sizes or not all(map(is_whole, sizes)) or len(sizes) > 3 or program.sample:
            return
        height, width, channels = (*sizes, 1, 1)[:3] if len(sizes) == 2 else (*sizes, 0, 0)[:3]
        program.sample = sizes if len(sizes) == 1 else (channels, height, width)

    def apply(self, program: Expressions, module: LayerModule, tensor: Tensor, call: Call, name: str) -> Value:
        last = module.called.rpartition(".")[2]
        if module.trouble is not None:
            return Unknown(module.trouble, tensor)
        if last in _INPUTS | _AS_IS:
            return tensor
        name = module.name or (last if name.rpartition(".")[2].isdigit() else name)
        node = module.call.node
        try:
            activation: Value = last if last in _ACTIVATIONS else None
            layers: list[Layer] = []
            if last in KINDS:
                known, make = KINDS[last]
                given = with_defaults(known, {key: _plain(one) for key, one in module.given.items()})
                if given.get("data_format") not in (None, "channels_last"):
                    raise ArchitectureError("only channels last are understood: remove data_format")
                activation = given.get("activation")
                if len(tensor.shape) != 3 and last not in _TAKES_ROWS:
                    raise ArchitectureError("it takes images, but a row of features arrives")
                layers = list(make(given, tensor.shape))
            program.spend(NEAREST_WORD if activation else 0)
            layers += activation_layers(activation)
        except ArchitectureError as error:
            return program.unknown(node, f"{name}: {error}", tensor)
        value: Value = tensor
        for number, layer in enumerate(layers):
            if isinstance(value, Tensor):
                part = name if number == 0 else f"{name}, {str(layer).rstrip('0123456789')}"
                value = pass_layer(program, module, layer, value, call, part, shared=has_passed(tensor, module))
        return value

    def has_method(self, receiver: Value, name: str) -> bool:
        return isinstance(receiver, SequentialModule) and name in ("add", "build", "summary", "compile", "fit")

    def call_method(self, program: Expressions, receiver: Value, name: str, call: Call) -> Value:
        if name == "add" and len(receiver.children) < 1_000:
            receiver.children.append((str(len(receiver.children)), call.value(0, "layer")))
        if name == "build":
            sizes = call.value(0, "input_shape")
            if isinstance(sizes, tuple | list) and len(sizes) in (2, 4):
                self._note_input(program, "Input", Call(call.node, (Argument(tuple(sizes[1:]), None),)))
        return None


def _plain(argument: Argument) -> Value:
    """Return an argument as a number, text, library name or a pair of numbers."""
    value = argument.value
    if isinstance(value, list | tuple):
        items = tuple(value)
        if 1 <= len(items) <= 2 and all(map(is_whole, items)):
            return items[0] if len(set(items)) == 1 else items
        return ()
    return value if value is None or isinstance(value, bool | int | float | str | Library) else ()
