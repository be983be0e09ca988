# PaDiM: 100 channels of three levels of a ResNet-18.
model = dict(
    type='PositionGaussians',
    data_preprocessor=dict(type='AnomalyDataPreprocessor'),
    teacher=dict(
        type='ResNetTeacher', depth=18, weights='{{$MMINSPECT_WEIGHTS:weights}}/resnet18_imagenet_stages1-3.pth'),
    levels=(1, 2, 3),
    dims=100)
