_base_ = './rd4ad_wrn50_200e_mvtec.py'
model = dict(teacher=dict(wide=False, weights='torchvision://resnet50'))
