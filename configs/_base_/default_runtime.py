_base_ = './common_runtime.py'
custom_imports = dict(imports=['fdrd'], allow_failed_imports=False)
default_scope = 'mmdet'
default_hooks = dict(visualization=dict(type='DetVisualizationHook'))
visualizer = dict(type='InspectionLocalVisualizer')
