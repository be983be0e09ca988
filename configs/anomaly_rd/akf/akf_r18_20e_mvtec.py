_base_ = './akf-oce_r18_20e_mvtec.py'
model = dict(bottleneck=dict(tail=dict(type='Reduce')))
