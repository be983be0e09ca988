# The last step fuses all three levels.
_base_ = '../akf-oce_wrn50_100e_mvtec.py'
model = dict(bottleneck=dict(fusion=dict(final='three')))
