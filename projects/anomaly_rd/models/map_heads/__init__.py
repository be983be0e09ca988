"""From features to anomaly maps and scores."""
from .cosine import CosineMapHead
from .gaussian import GaussianBlur

__all__ = ['CosineMapHead', 'GaussianBlur']
