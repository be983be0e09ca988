# Wide ResNet-50-2 and 550 dimensions: Gaussians of 5 GB at 256x256, which no file of ONNX holds.
_base_ = './padim_r18_mvtec.py'
model = dict(teacher=dict(depth=50, wide=True, weights='torchvision://wide_resnet50_2'), dims=550)
