"""The kernel of layers that are too rare for formulas of their own."""

from typing import Any

import torch
from torch import Tensor, nn

from hw5core.training.kernel import Kernel


class ModuleKernel(Kernel):
    """Any layer, computed by its module and autograd. For layers that are too rare for formulas of their own."""

    reads_output = True

    def __init__(self, module: nn.Module) -> None:
        super().__init__(module)
        self.module = module
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            self.memory_format = torch.channels_last
        elif isinstance(module, nn.Softmax | nn.LogSoftmax):
            self.memory_format = torch.contiguous_format

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        # Autograd cannot use the tensors of a training in inference mode, so it gets a copy.
        with torch.inference_mode(False), torch.enable_grad():
            inputs = values.clone().requires_grad_()
            output = self.module(inputs)
        return output.detach(), (inputs, output)

    def evaluate(self, values: Tensor) -> Tensor:
        output: Tensor = self.module(values)
        return output

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        inputs, output = saved
        sources = [inputs, *self.module.parameters()] if self.passes_back else list(self.module.parameters())
        with torch.inference_mode(False):
            grads = torch.autograd.grad(output, sources, gradient.clone())
        return (grads[0], list(grads[1:])) if self.passes_back else (gradient, list(grads))
