# A ResNet-18 as the teacher, whose weights come from a file (stages 1 to 3 are enough).
model = dict(
    data_preprocessor=dict(type='AnomalyDataPreprocessor'),
    teacher=dict(
        type='ResNetTeacher', depth=18, weights='{{$MMINSPECT_WEIGHTS:weights}}/resnet18_imagenet_stages1-3.pth'))
