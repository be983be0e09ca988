# Weights that do not compete.
_base_ = '../akf-oce_wrn50_100e_mvtec.py'
model = dict(bottleneck=dict(fusion=dict(normalise='sigmoid')))
