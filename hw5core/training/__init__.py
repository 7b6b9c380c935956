"""Everything that imports torch: modules, backpropagation, the training loop, single steps and the warm start."""
