# The student: GFL with ResNet-18 and a plain FPN.
_base_ = './gfl_r50.py'
model = dict(
    backbone=dict(depth=18, init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet18')),
    neck=dict(in_channels=[64, 128, 256, 512]))
