"""Building blocks of teachers, bottlenecks and students."""
from .bcn import BatchChannelNorm
from .conv import ConvNormAct, build_act, build_norm
from .residual import BasicBlock, Bottleneck, residual_stage
from .residual_attention import ResidualAttention
from .rfa_conv import RFAConv

__all__ = ['BasicBlock', 'BatchChannelNorm', 'Bottleneck', 'ConvNormAct', 'RFAConv', 'ResidualAttention', 'build_act',
           'build_norm', 'residual_stage']
