# One weight per channel.
_base_ = '../akf-oce_wrn50_100e_mvtec.py'
model = dict(bottleneck=dict(fusion=dict(weight_channels='full')))
