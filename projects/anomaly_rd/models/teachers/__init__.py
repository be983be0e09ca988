"""Teachers: frozen networks."""
from .backbone import BackboneTeacher
from .frozen import FrozenTeacher
from .layout import TeacherLayout
from .resnet import ResNetTeacher
from .vgg import VGGTeacher

__all__ = ['BackboneTeacher', 'FrozenTeacher', 'ResNetTeacher', 'TeacherLayout', 'VGGTeacher']
