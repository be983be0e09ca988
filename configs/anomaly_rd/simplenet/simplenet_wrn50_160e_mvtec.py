# As published: Wide ResNet-50-2, 1536 numbers for each patch, a hidden layer of 1024; but the last epoch.
_base_ = './simplenet_r18_160e_mvtec.py'
model = dict(
    teacher=dict(depth=50, wide=True, weights='torchvision://wide_resnet50_2'),
    embedding=dict(dims=1536),
    width=1024)
