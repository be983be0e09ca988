# Mask times trunk.
_base_ = './mkd-ra_vgg16_600e_mvtec.py'
model = dict(attention=dict(attend='product'))
