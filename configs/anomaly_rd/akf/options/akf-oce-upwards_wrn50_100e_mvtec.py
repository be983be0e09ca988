# From deep to shallow.
_base_ = '../akf-oce_wrn50_100e_mvtec.py'
model = dict(bottleneck=dict(fusion=dict(align='deep_to_shallow')))
