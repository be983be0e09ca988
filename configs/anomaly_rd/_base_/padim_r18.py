# PaDiM: 100 channels of three levels of a ResNet-18.
_base_ = './teacher_r18.py'
model = dict(
    type='PositionGaussians',
    levels=(1, 2, 3),
    dims=100)
