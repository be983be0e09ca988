# Trained attention on the source, as the paper's sentence reads; may collapse, which is logged.
_base_ = './mkd-ra_vgg16_600e_mvtec.py'
model = dict(where='source')
