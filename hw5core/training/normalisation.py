"""The kernel of batch normalisation."""

from typing import Any

import torch
from torch import Tensor, nn

from hw5core.training.batch_last import batch_first, batch_last, is_batch_last
from hw5core.training.kernel import Kernel

_batch_norm = torch.ops.aten.native_batch_norm.default
_batch_norm_backward = torch.ops.aten.native_batch_norm_backward.default


class BatchNormKernel(Kernel):
    """A batch normalisation."""

    def __init__(self, module: nn.BatchNorm1d | nn.BatchNorm2d) -> None:
        super().__init__(module)
        self.module = module

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        norm = self.module
        assert norm.num_batches_tracked is not None
        norm.num_batches_tracked.add_(1)
        # All values of a channel are treated alike, and PyTorch's kernel is slow with the batch last.
        flat = _flat(values) if is_batch_last(values) else values
        normalised, mean, inverse_deviation = _batch_norm(
            flat, *self.parameters, norm.running_mean, norm.running_var, True, norm.momentum, norm.eps
        )
        return _in_shape_of(values, normalised), (flat, mean, inverse_deviation)

    def evaluate(self, values: Tensor) -> Tensor:
        norm = self.module
        moments = norm.running_mean, norm.running_var
        flat = _flat(values) if is_batch_last(values) else values
        normalised, _, _ = _batch_norm(flat, *self.parameters, *moments, False, norm.momentum, norm.eps)
        return _in_shape_of(values, normalised)

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        norm, (flat, *moments) = self.module, saved
        before, *grads = _batch_norm_backward(
            _flat(gradient) if flat.dim() == 3 else gradient,
            flat,
            self.parameters[0],
            norm.running_mean,
            norm.running_var,
            *moments,
            True,
            norm.eps,
            [True] * 3,
        )
        return _in_shape_of(gradient, before), grads


def _flat(values: Tensor) -> Tensor:
    """Return images (n, channels, height, width) as (1, channels, height * width * n)."""
    return batch_last(values).flatten(1).unsqueeze(0)


def _in_shape_of(values: Tensor, flat: Tensor) -> Tensor:
    """Return the values in the shape that they had before `_flat`."""
    if flat.dim() != 3:
        return flat
    count, *shape = values.shape
    return batch_first(flat.view(*shape, count))
