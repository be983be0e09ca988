# Maps as in the original repository: scaled per image, hence not comparable between images.
_base_ = './mkd_vgg16_601e_mvtec.py'
model = dict(localization=dict(type='GuidedBackprop', compat=True))
