"""Building blocks of the teacher."""
from .attention import CBAM, SE, SimAM
from .reassemble import reassemble
from .semantic_upsample import SemanticUpsample

__all__ = ['CBAM', 'SE', 'SemanticUpsample', 'SimAM', 'reassemble']
