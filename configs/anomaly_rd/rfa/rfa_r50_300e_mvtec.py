_base_ = './rfa_wrn50_300e_mvtec.py'
model = dict(teacher=dict(wide=False, weights='torchvision://resnet50'))
