# STFPM: a ResNet-18 from scratch learns three levels of one with weights; maps are multiplied at 64x64.
_base_ = './teacher_r18.py'
model = dict(
    type='ForwardDistillation',
    student=dict(type='ResNetStudent', arch='resnet18'),
    loss=dict(type='CosineDistillationLoss', mode='local', weight=2.0),
    map_head=dict(type='CosineMapHead', fusion='prod', fuse_size=64, align_corners=False, sigma=0))
