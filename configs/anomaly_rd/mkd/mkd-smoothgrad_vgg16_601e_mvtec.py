_base_ = './mkd_vgg16_601e_mvtec.py'
model = dict(localization=dict(type='SmoothGrad'))
