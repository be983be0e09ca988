# The textile model: ResNet-18 teacher, denoising student, refinement head with ASPP.
_base_ = './teacher_r18.py'
model = dict(
    type='DenoisingDistillation',
    student=dict(type='DenoisingStudent'),
    head=dict(type='RefinementHead', pyramid='aspp'),
    loss=dict(type='CosineDistillationLoss', mode='local'),
    segmentation_loss=dict(type='FocalL1Loss', gamma=4.0),
    map_head=dict(type='CosineMapHead', fusion='prod', sigma=0.0),
    map='segmentation')
