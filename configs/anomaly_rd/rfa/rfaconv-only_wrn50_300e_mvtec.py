# Ablation: RFAConv alone.
_base_ = './rfa_wrn50_300e_mvtec.py'
model = dict(decoder=dict(norm='BN', act='ReLU'))
