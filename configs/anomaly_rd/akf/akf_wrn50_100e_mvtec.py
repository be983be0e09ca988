# Ablation: the fusion without OCE.
_base_ = './akf-oce_wrn50_100e_mvtec.py'
model = dict(bottleneck=dict(tail=dict(type='Reduce')))
