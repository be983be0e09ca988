"""What an exported graph computes, as PyTorch modules: pixels in, maps and scores or boxes and scores out."""
from .building import build_network
from .fingerprint import fingerprint
from .torch_network import TorchNetwork

__all__ = ['TorchNetwork', 'build_network', 'fingerprint']
