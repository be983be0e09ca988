_base_ = './rfa_wrn50_300e_mvtec.py'
model = dict(teacher=dict(depth=34, wide=False, weights='torchvision://resnet34'))
