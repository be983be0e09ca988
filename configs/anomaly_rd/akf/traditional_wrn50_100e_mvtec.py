# Ablation: concatenation without OCE.
_base_ = './akf-oce_wrn50_100e_mvtec.py'
model = dict(bottleneck=dict(fusion=dict(type='MFF'), tail=dict(type='Reduce')))
