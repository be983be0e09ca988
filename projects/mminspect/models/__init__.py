"""Models from configs and checkpoints."""
