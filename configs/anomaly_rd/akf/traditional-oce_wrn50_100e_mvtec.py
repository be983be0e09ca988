# Ablation: concatenation and OCE, which is RD4AD.
_base_ = './akf-oce_wrn50_100e_mvtec.py'
model = dict(bottleneck=dict(fusion=dict(type='MFF')))
