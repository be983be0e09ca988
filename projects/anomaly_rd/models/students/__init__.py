"""Students."""
from .cloner import Cloner
from .decoder import ReverseDecoder
from .denoising import DecoderOnlyStudent, DenoisingStudent
from .resnet import ResNetStudent

__all__ = ['Cloner', 'DecoderOnlyStudent', 'DenoisingStudent', 'ResNetStudent', 'ReverseDecoder']
