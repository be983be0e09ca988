"""Look at the data before a night of training: what is there, what is left out, what is twice, what gives defects away.

Data sets say what is in them through the stage 'survey' of :data:`mminspect.runtime.CHECKS`.
"""
from .items import GOOD, Box, Item, Listing

__all__ = ['GOOD', 'Box', 'Item', 'Listing']
