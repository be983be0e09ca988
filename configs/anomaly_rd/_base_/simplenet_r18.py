# SimpleNet on two levels of a ResNet-18; adaptor and discriminator have an optimiser each.
model = dict(
    type='FeatureDiscriminator',
    data_preprocessor=dict(type='AnomalyDataPreprocessor'),
    teacher=dict(
        type='ResNetTeacher', depth=18, weights='{{$MMINSPECT_WEIGHTS:weights}}/resnet18_imagenet_stages1-3.pth'),
    levels=(2, 3),
    width=256)
