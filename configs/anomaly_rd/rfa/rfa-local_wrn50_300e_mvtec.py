# The loss as the paper prints it: one cosine per position.
_base_ = './rfa_wrn50_300e_mvtec.py'
model = dict(loss=dict(mode='local'))
