# Ablation: BCN alone.
_base_ = './rfa_wrn50_300e_mvtec.py'
model = dict(decoder=dict(rfa=False, act='ReLU'))
