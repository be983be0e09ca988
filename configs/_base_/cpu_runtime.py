# Runtime for machines without a GPU: convolutions in channels-last memory.
_base_ = './default_runtime.py'
custom_hooks = [
    dict(type='mmengine.EpochSeedHook'),
    dict(type='mmengine.ChannelsLastHook'),
    dict(type='mmengine.FiniteLossHook'),
]
