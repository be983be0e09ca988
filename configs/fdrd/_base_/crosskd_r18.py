# A student with ResNet-18 that learns by CrossKD from a detector whose boxes are decoded and compared by GIoU.
crosskd_r18 = dict(
    type='DistilledDetector',
    backbone=dict(depth=18, init_cfg=dict(checkpoint='torchvision://resnet18')),
    neck=dict(in_channels=[64, 128, 256, 512]),
    distillers=[dict(type='CrossHeadKD', loss_reg=dict(type='GIoULoss', loss_weight=1.0))])
