"""The process that owns the model, and its client in the server."""
from .client import WorkerClient
from .handle import Factory
from .messages import Answer, Health

__all__ = ['Answer', 'Factory', 'Health', 'WorkerClient']
