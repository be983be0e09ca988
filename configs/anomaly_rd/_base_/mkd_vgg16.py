# MKD: VGG-16 as source, a small cloner, lambda on the value term, maps from gradients of the loss.
model = dict(
    type='MultiresolutionDistillation',
    data_preprocessor=dict(type='AnomalyDataPreprocessor', mean=(0, 0, 0), std=(255, 255, 255)),
    teacher=dict(type='VGGTeacher', weights='torchvision://vgg16'),
    student=dict(type='Cloner', size='small'),
    loss=dict(type='MultiresolutionLoss', weight=0.5, lambda_on='val'),
    localization=dict(type='Gradients', sigma=4.0, opening=True))
