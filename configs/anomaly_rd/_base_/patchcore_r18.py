# PatchCore on two levels of a ResNet-18.
_base_ = './teacher_r18.py'
model = dict(
    type='MemoryBank',
    levels=(2, 3),
    embedding=dict(dims='concat'),
    ratio=0.1)
