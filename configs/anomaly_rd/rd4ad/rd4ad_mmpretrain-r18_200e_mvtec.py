# A backbone of mmpretrain as teacher; timm's go the same way (see BackboneTeacher).
_base_ = './rd4ad_wrn50_200e_mvtec.py'
model = dict(
    teacher=dict(
        _delete_=True,
        type='BackboneTeacher',
        backbone=dict(type='mmpretrain.ResNet', depth=18, out_indices=(0, 1, 2)),
        weights='https://download.openmmlab.com/mmclassification/v0/resnet/resnet18_8xb32_in1k_20210831-fbbb1da6.pth'))
