"""Students."""
from .cloner import Cloner
from .decoder import ReverseDecoder
from .denoising import DecoderOnlyStudent, DenoisingStudent

__all__ = ['Cloner', 'DecoderOnlyStudent', 'DenoisingStudent', 'ReverseDecoder']
