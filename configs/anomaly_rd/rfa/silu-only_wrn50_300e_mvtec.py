# Ablation: SiLU alone.
_base_ = './rfa_wrn50_300e_mvtec.py'
model = dict(decoder=dict(rfa=False, norm='BN'))
