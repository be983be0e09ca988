# RD4AD with a ResNet-18 teacher, whose weights come from a file (stages 1 to 3 are enough).
_base_ = './rd4ad_wrn50.py'
model = dict(
    teacher=dict(
        depth=18, wide=False, weights='{{$MMINSPECT_WEIGHTS:weights}}/resnet18_imagenet_stages1-3.pth'))
