# Attention behind the pools.
_base_ = './mkd-ra_vgg16_600e_mvtec.py'
model = dict(positions=('pool2', 'pool3'))
