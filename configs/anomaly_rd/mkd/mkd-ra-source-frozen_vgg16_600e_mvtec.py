# Fixed random attention on the source.
_base_ = './mkd-ra_vgg16_600e_mvtec.py'
model = dict(where='source_frozen')
