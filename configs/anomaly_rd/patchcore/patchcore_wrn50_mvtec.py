# As published: Wide ResNet-50-2, 1024 numbers for each patch, squared distances as in the reference.
_base_ = './patchcore_r18_mvtec.py'
model = dict(
    teacher=dict(depth=50, wide=True, weights='torchvision://wide_resnet50_2'),
    embedding=dict(dims=1024),
    distance='sq')
