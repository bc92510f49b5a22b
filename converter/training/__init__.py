"""Training runs: recipes, batches, the loop, checkpoints."""
