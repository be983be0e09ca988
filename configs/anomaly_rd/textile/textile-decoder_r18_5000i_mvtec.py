# Reverse distillation taken literally: the decoder starts from the teacher's layer4 of the corrupted image.
_base_ = './textile_r18_5000i_mvtec.py'
model = dict(
    teacher=dict(features=4, weights='torchvision://resnet18'),
    student=dict(_delete_=True, type='DecoderOnlyStudent'))
