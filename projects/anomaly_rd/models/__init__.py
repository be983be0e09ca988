"""Networks: teachers, bottlenecks, students, and the models that train them."""
from . import bottlenecks, heads, layers, localization, losses, patches, students, teachers
from .data_preprocessor import AnomalyDataPreprocessor
from .denoising_distillation import DenoisingDistillation
from .edge_reconstruction import EdgeReconstruction
from .feature_discriminator import FeatureDiscriminator
from .forward_distillation import ForwardDistillation
from .memory_bank import MemoryBank
from .multiresolution_distillation import MultiresolutionDistillation
from .position_gaussians import PositionGaussians
from .projected_distillation import ProjectedDistillation
from .reconstruct_segment import ReconstructSegment
from .reverse_distillation import ReverseDistillation

__all__ = ['AnomalyDataPreprocessor', 'DenoisingDistillation', 'EdgeReconstruction', 'FeatureDiscriminator',
           'ForwardDistillation', 'MemoryBank', 'MultiresolutionDistillation', 'PositionGaussians',
           'ProjectedDistillation', 'ReconstructSegment', 'ReverseDistillation', 'bottlenecks', 'heads', 'layers',
           'localization', 'losses', 'patches', 'students', 'teachers']
