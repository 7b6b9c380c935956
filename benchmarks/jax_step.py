"""The homework's training step in JAX, compiled, with many batches per call: the fastest way in JAX."""

import os

# One thread, like our step. XLA reads this variable at its first import.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

_RATE = 0.005


class JaxStep:
    """The race's network with ReLU, in JAX."""

    def __init__(self) -> None:
        shapes = {"w1": (5, 5, 1, 10), "b1": (10,), "w2": (5, 5, 10, 20), "b2": (20,)}
        shapes |= {"w3": (320, 50), "b3": (50,), "w4": (50, 10), "b4": (10,)}
        draw = np.random.default_rng(0)
        self.weights = {
            name: jnp.asarray(0.05 * draw.standard_normal(shape, np.float32)) for name, shape in shapes.items()
        }
        self._scan = jax.jit(lambda weights, images, labels: lax.scan(_step, weights, (images, labels)))

    def train(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Train on images (steps, n, 28, 28, 1) and labels (steps, n), and return the losses (steps,)."""
        self.weights, losses = self._scan(self.weights, images, labels)
        return np.asarray(losses)


def _step(weights, batch):
    loss, gradients = jax.value_and_grad(_loss)(weights, *batch)
    return jax.tree.map(lambda weight, gradient: weight - _RATE * gradient, weights, gradients), loss


def _loss(weights, images, labels):
    values = _pooled(jax.nn.relu(_convolved(images, weights["w1"]) + weights["b1"]))
    values = _pooled(jax.nn.relu(_convolved(values, weights["w2"]) + weights["b2"]))
    values = jax.nn.relu(values.reshape(len(values), -1) @ weights["w3"] + weights["b3"])
    logits = values @ weights["w4"] + weights["b4"]
    log_likelihood = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1)
    return -log_likelihood.mean()


def _convolved(values, kernels):
    return lax.conv_general_dilated(values, kernels, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def _pooled(values):
    images, height, width, channels = values.shape
    return values.reshape(images, height // 2, 2, width // 2, 2, channels).max((2, 4))
