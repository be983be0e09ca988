# One trained attention on both sides.
_base_ = './mkd-ra_vgg16_600e_mvtec.py'
model = dict(where='both_shared')
