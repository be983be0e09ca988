# Weights are free parameters, the same for every image.
_base_ = '../akf-oce_wrn50_100e_mvtec.py'
model = dict(bottleneck=dict(fusion=dict(weight='static', input_size=(256, 256))))
