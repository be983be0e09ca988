# The loss as the paper prints it: one cosine per position.
_base_ = './rd4ad_wrn50_200e_mvtec.py'
model = dict(loss=dict(mode='local'))
