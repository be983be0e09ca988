# The other reading of the second position.
_base_ = './mkd-ra_vgg16_600e_mvtec.py'
model = dict(positions=('conv2_2', 'conv5_3'))
