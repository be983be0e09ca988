"""Networks: teachers, bottlenecks, students, and the models that train them."""
from . import bottlenecks, heads, layers, localization, losses, students, teachers
from .data_preprocessor import AnomalyDataPreprocessor
from .denoising_distillation import DenoisingDistillation
from .multiresolution_distillation import MultiresolutionDistillation
from .reverse_distillation import ReverseDistillation

__all__ = ['AnomalyDataPreprocessor', 'DenoisingDistillation', 'MultiresolutionDistillation', 'ReverseDistillation',
           'bottlenecks', 'heads', 'layers', 'localization', 'losses', 'students', 'teachers']
