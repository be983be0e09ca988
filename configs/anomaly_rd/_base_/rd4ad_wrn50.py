# RD4AD: frozen Wide ResNet-50-2, MFF + OCE, mirrored decoder, global cosine loss, summed maps.
model = dict(
    type='ReverseDistillation',
    data_preprocessor=dict(type='AnomalyDataPreprocessor'),
    teacher=dict(type='ResNetTeacher', depth=50, wide=True, weights='torchvision://wide_resnet50_2'),
    bottleneck=dict(type='FusionBottleneck', fusion=dict(type='MFF'), tail=dict(type='OCE')),
    decoder=dict(type='ReverseDecoder'),
    loss=dict(type='CosineDistillationLoss', mode='global'),
    map_head=dict(type='CosineMapHead', fusion='sum', sigma=4.0, score='max'))
