# The textile model: ResNet-18 teacher, denoising student, refinement head with ASPP.
model = dict(
    type='DenoisingDistillation',
    data_preprocessor=dict(type='AnomalyDataPreprocessor'),
    teacher=dict(
        type='ResNetTeacher', depth=18,
        weights='{{$MMINSPECT_WEIGHTS:weights}}/resnet18_imagenet_stages1-3.pth'),
    student=dict(type='DenoisingStudent'),
    head=dict(type='RefinementHead', pyramid='aspp'),
    loss=dict(type='CosineDistillationLoss', mode='local'),
    segmentation_loss=dict(type='FocalL1Loss', gamma=4.0),
    map_head=dict(type='CosineMapHead', fusion='prod', sigma=0.0),
    map='segmentation')
