# STFPM: a ResNet-18 from scratch learns three levels of one with weights; maps are multiplied at 64x64.
model = dict(
    type='ForwardDistillation',
    data_preprocessor=dict(type='AnomalyDataPreprocessor'),
    teacher=dict(
        type='ResNetTeacher', depth=18, weights='{{$MMINSPECT_WEIGHTS:weights}}/resnet18_imagenet_stages1-3.pth'),
    student=dict(type='ResNetStudent', arch='resnet18'),
    loss=dict(type='CosineDistillationLoss', mode='local', weight=2.0),
    map_head=dict(type='CosineMapHead', fusion='prod', fuse_size=64, align_corners=False, sigma=0))
