# A cloner as wide as its source.
_base_ = './mkd_vgg16_601e_mvtec.py'
model = dict(student=dict(size='equal'))
