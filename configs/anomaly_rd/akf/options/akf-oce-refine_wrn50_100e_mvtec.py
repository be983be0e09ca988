# AFPN's four residual blocks behind each fusion.
_base_ = '../akf-oce_wrn50_100e_mvtec.py'
model = dict(bottleneck=dict(fusion=dict(refine_blocks=4)))
