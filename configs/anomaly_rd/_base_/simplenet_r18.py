# SimpleNet on two levels of a ResNet-18; adaptor and discriminator have an optimiser each.
_base_ = './teacher_r18.py'
model = dict(
    type='FeatureDiscriminator',
    levels=(2, 3),
    width=256)
