# Maps as in the original repository: scaled per image, hence not comparable between images, and measured on the pixels
# of defective images alone.
_base_ = './mkd_vgg16_601e_mvtec.py'
model = dict(localization=dict(type='GuidedBackprop', compat=True))
val_evaluator = dict(type='AnomalyMetric', pixels='anomalous')
test_evaluator = val_evaluator
