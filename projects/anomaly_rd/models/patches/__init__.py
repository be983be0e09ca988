"""Patches of features: their embedding, the subset that covers them, and the nearest of them."""
from .coreset import greedy_coreset
from .embedding import PatchEmbedding
from .nearest import nearest_rows
from .sampling import PatchSample

__all__ = ['PatchEmbedding', 'PatchSample', 'greedy_coreset', 'nearest_rows']
