# PatchCore on two levels of a ResNet-18, whose weights come from a file (stages 1 to 3 are enough).
model = dict(
    type='MemoryBank',
    data_preprocessor=dict(type='AnomalyDataPreprocessor'),
    teacher=dict(
        type='ResNetTeacher', depth=18, weights='{{$MMINSPECT_WEIGHTS:weights}}/resnet18_imagenet_stages1-3.pth'),
    levels=(2, 3),
    embedding=dict(dims='concat'),
    ratio=0.1)
