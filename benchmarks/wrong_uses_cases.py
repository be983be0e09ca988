"""Wrong uses of every command: what is wrong in words, the words of the command line, and what should come of it.

``F/`` stands for the folder of :mod:`wrong_uses_files`; each use runs in a new folder.
"""
from __future__ import annotations

from typing import NamedTuple

from mminspect.command import commands

#: Outcomes that are wanted: one sentence and status 2; a warning and status 0.
REFUSED, WARNED = 'refused', 'warned'
LONG = 'x' * 300


class Use(NamedTuple):
    """One wrong use."""

    command: str
    wrong: str
    words: tuple[str, ...]
    wanted: str = REFUSED


def _uses(command: str, begin: str, **uses: str) -> list[Use]:
    """Uses that begin alike; ``_`` in a name is a space. ``''`` is an empty word."""
    return [Use(command, name.replace('_', ' '), tuple('' if word == "''" else word
                                                        for word in f'{begin} {words}'.split()))
            for name, words in uses.items()]


def _outputs(command: str, begin: str, option: str, suffix: str = '', folder: bool = True) -> list[Use]:
    """What an output cannot be."""
    name = option.lstrip('-') or 'output'
    places = {'below_a_file': f'F/file/x{suffix}', 'in_proc': f'/proc/x{suffix}',
    'with_a_long_name': f'{LONG}{suffix}',
              'empty': "''"}
    places.update(dict(a_file='F/file', a_link_to_nothing='F/nothing') if folder else dict(a_folder='F/none'))
    return _uses(command, begin, **{f'{name}_{what}': f'{option} {place}' for what, place in places.items()})


def all_uses() -> list[Use]:
    """Every use, command by command."""
    uses = [*_mminspect(), *_train(), *_test(), *_inspect(), *_calibrate(), *_export(), *_station(), *_quickstart(),
            *_sets(), *_check(), *_analysis(), *_many(), *_demo()]
    return [use for use in uses if use.command in ('', *commands())]


def _mminspect() -> list[Use]:
    return _uses('', '', no_command='', a_mistyped_command='trian', an_unknown_option='--versoin', a_file='train.py',
                 an_empty_command="''", capitals='TRAIN', an_old_name='inspect_images', underscores='make_vials',
                 a_path='tools/train.py', a_number='7', a_single_dash='-x')


def _options(**values: str) -> dict[str, str]:
    return {name: f'F/det.py --cfg-options {value}' for name, value in values.items()}


def _train() -> list[Use]:
    return [
        *_uses('train', '', no_config='', a_config_that_is_not_there='no.py', an_empty_config='F/empty.py',
               a_binary_config='F/binary.py', a_picture_as_config='F/picture.png', a_folder_without_pictures='F/none',
               an_unknown_option='F/det.py --wrkdir x', a_seed_below_0='F/det.py --seed -1',
               a_seed_in_words='F/det.py --seed one', a_checkpoint_that_is_not_there='F/det.py --resume no.pth',
               a_checkpoint_that_is_text='F/det.py --resume F/text.pth',
               weights_alone_to_go_on_from='F/det.py --resume F/det.pth', processes_without_torchrun=
               'F/det.py --launcher pytorch', an_unknown_launcher='F/det.py --launcher magic'),
        *_uses('train', '', **{f'config: {name}'.replace(' ', '_'): f'F/wrong_{name}.py' for name in (
            'exit0', 'exit1', 'raises', 'syntax', 'base', 'type', 'hook', 'imports', 'no_data', 'model_text',
            'argument', 'loop', 'size')}),
        *_uses('train', '', **_options(
            an_option_without_a_value='foo', an_unknown_entry='no.such.entry=1',
            validation_every_0_epochs='train_cfg.val_interval=0', no_epochs='train_cfg.max_epochs=0',
            depth_17='model.backbone.depth=17', channels_63='model.neck.out_channels=63',
            score_threshold_NaN='model.test_cfg.score_thr=nan', boxes_below_0='model.test_cfg.max_per_img=-1',
            overlap_of_7='model.test_cfg.nms.iou_threshold=7', a_rate_of_NaN='optim_wrapper.optimizer.lr=nan',
            a_rate_below_0='optim_wrapper.optimizer.lr=-1', a_rate_in_words='optim_wrapper.optimizer.lr=fast',
            no_images_in_a_batch='train_dataloader.batch_size=0', processes_below_0='train_dataloader.num_workers=-1',
            no_classes='model.bbox_head.num_classes=0', a_dataset_in_words='train_dataloader.dataset=x',
            weights_of_another_model='load_from=F/anom.pth', weights_that_rot='load_from=F/rotten_anom.pth',
            an_unknown_optimiser='optim_wrapper.optimizer.type=Adamm')),
        *_outputs('train', 'F/det.py', '--work-dir'),
    ]


def _test() -> list[Use]:
    return [
        *_uses('test', '', no_words='', no_checkpoint='F/det.py', a_config_that_is_not_there='no.py F/det.pth',
               a_checkpoint_that_is_not_there='F/det.py no.pth', a_folder_as_checkpoint='F/det.py F/none',
               text_as_checkpoint='F/det.py F/text.pth', an_empty_checkpoint='F/det.py F/empty.pth',
               another_model='F/det.py F/anom.pth', half_a_checkpoint='F/anom.py F/short_anom.pth',
               a_rotten_checkpoint='F/anom.py F/rotten_anom.pth', weights_of_NaN='F/anom.py F/nan.pth',
               an_exported_model='F/anom.py F/anom.onnx', a_config_that_exits='F/wrong_exit0.py F/det.pth',
               words_for_an_option='F/det.py F/det.pth --cfg-options x',
               score_threshold_NaN='F/det.py F/det.pth --cfg-options model.test_cfg.score_thr=nan',
               pictures_into_a_file='F/det.py F/det.pth --work-dir F --show-dir file'),
        *_outputs('test', 'F/det.py F/det.pth', '--work-dir'),
    ]


_MODELS = dict(text_as_model='F/text.onnx', half_a_model='F/short_anom.onnx', a_rotten_model='F/rotten_anom.onnx',
               a_rotten_detector='F/rotten_det.onnx', a_rotten_checkpoint='F/rotten_anom.pth',
               weights_of_NaN='F/nan.pth', a_threshold_of_NaN='F/nan_threshold.onnx',
               an_unknown_output='F/unknown_output.onnx', a_deep_description='F/deep.onnx',
               another_size='F/other_size.onnx', a_huge_size='F/huge_size.onnx', an_unknown_kind='F/no_kind.onnx',
               a_picture_as_model='F/picture.png', a_folder_as_model='F/none', a_model_that_is_not_there='no.onnx')


def _inspect() -> list[Use]:
    begin = 'F/anom.onnx F/few --out out'
    return [
        *_uses('inspect', '', no_words='', no_images='F/anom.onnx --out out', no_output='F/anom.onnx F/few',
               images_that_are_not_there='F/anom.onnx no --out out',
               a_folder_without_images='F/anom.onnx F/none --out out',
               an_image_that_ends_early='F/anom.onnx F/broken --out out', a_checkpoint_as_image=
               'F/anom.onnx F/anom.pth --out out'),
        *_uses('inspect', '', **{name: f'{model} F/few --out out' for name, model in _MODELS.items()}),
        *_uses('inspect', begin, threshold_NaN='--threshold nan', threshold_in_words='--threshold high',
               a_rate_of_2='--false-reject-rate 2', a_rate_of_NaN='--false-reject-rate nan',
               a_rate_without_a_calibration='--false-reject-rate 0.1',
               two_limits='--threshold 1 --false-reject-rate 0.1', no_images_at_a_time='--batch 0',
               a_batch_in_words='--batch many', a_tile_below_0='--tile -1', a_tile_of_3='--tile 3 --overlap 5',
               a_huge_tile='--tile 1000000000', an_overlap_without_a_tile='--overlap 5',
               an_unknown_runtime='--runtime magic', pytorch_for_an_exported_model='--runtime pytorch',
               an_unknown_precision='--precision f8', an_unknown_device='--device magic',
               a_drift_of_1='--drift-window 1',
               a_module_that_is_not_there='--runtime magic --import no_such_module', resume_and_overwrite=
               '--resume --overwrite'),
        *_uses('inspect', 'F/det.onnx F/few --out out', maps_of_a_detector='--maps'),
        *_outputs('inspect', 'F/anom.onnx F/few', '--out'),
    ]


def _calibrate() -> list[Use]:
    return [
        *_uses('calibrate', '', no_words='', no_folder='M/anom.onnx --false-reject-rate 0.1',
               no_rate='M/anom.onnx F/good', a_folder_that_is_not_there='M/anom.onnx no --false-reject-rate 0.1',
               a_folder_without_images='M/anom.onnx F/none --false-reject-rate 0.1',
               an_image_that_ends_early='M/anom.onnx F/broken --false-reject-rate 0.6',
               defects_among_the_images='M/anom.onnx F/mixed --false-reject-rate 0.3',
               too_few_images='M/anom.onnx F/few --false-reject-rate 0.1',
               copies_of_one_image='M/anom.onnx F/frozen --false-reject-rate 0.1',
               a_picture_as_folder='M/anom.onnx F/picture.png --false-reject-rate 0.1',
               an_empty_folder="M/anom.onnx '' --false-reject-rate 0.1"),
        *_uses('calibrate', 'M/anom.onnx F/good --false-reject-rate', a_rate_of_0='0', a_rate_of_1='1',
               a_rate_of_NaN='nan',
               a_rate_in_words='few', a_rate_below_0='-1', a_tile_below_0='0.1 --tile -3',
               no_images_at_a_time='0.1 --batch 0',
               an_unknown_runtime='0.1 --runtime magic', an_unknown_device='0.1 --device magic'),
        *_uses('calibrate', '', **{name: f'{model} F/good --false-reject-rate 0.1' for name,
               model in _MODELS.items()}),
        Use('calibrate', 'copies of one image, and a rate that one can promise',
            ('M/anom.onnx', 'F/frozen', '--false-reject-rate', '0.5'), WARNED),
    ]


def _export() -> list[Use]:
    return [
        *_uses('export', '', no_words='', no_output='F/anom.pth',
               a_checkpoint_that_is_not_there='no.pth --out m.onnx',
               text_as_checkpoint='F/text.pth --out m.onnx', an_exported_model='F/anom.onnx --out m.onnx',
               half_a_checkpoint='F/short_anom.pth --out m.onnx',
               a_rotten_checkpoint='F/rotten_anom.pth --out m.onnx',
               weights_of_NaN='F/nan.pth --out m.onnx', a_config_of_another_model='F/det.py F/anom.pth --out m.onnx',
               two_configs='F/det.py F/anom.py F/anom.pth --out m.onnx', a_config_that_exits=
               'F/wrong_exit0.py F/anom.pth --out m.onnx', another_suffix='F/anom.pth --out m.txt',
               no_suffix='F/anom.pth --out m', an_old_opset='F/anom.pth --out m.onnx --opset 5',
               opset_in_words='F/anom.pth --out m.onnx --opset new', an_unknown_target=
               'F/anom.pth --out m.onnx --target magic', an_option_alone='F/anom.pth --out m.onnx --eval test',
               no_images_for_int8='F/anom.pth --out m.onnx --int8 F/none',
               defects_for_int8='F/anom.pth --out m.onnx --int8 F/mixed', an_unknown_entry=
               'F/anom.pth --out m.onnx --cfg-options no.such=1'),
        *_outputs('export', 'F/anom.pth', '--out', '.onnx', folder=False),
    ]


def _station() -> list[Use]:
    begin = '--model F/anom.onnx --data data'
    return [
        *_uses('station', '', no_model='', a_model_that_is_not_there='--data data --model no.onnx',
               a_folder_as_model='--data data --model F/none', an_unknown_option='--modle F/anom.onnx'),
        *_uses('station', begin, a_port_in_words='--port web', a_port_too_high='--port 99999',
               a_port_below_0='--port -1',
               an_address_of_nobody='--host no.such.host.example', an_address_for_all_without_a_user='--host 0.0.0.0',
               an_unknown_source='--source magic:1', a_source_without_a_kind='--source F/few',
               a_folder_that_is_not_there='--source folder:no', a_video_that_is_not_there='--source video:no.mp4',
               a_module_that_is_not_there='--source magic:1 --import no_such_module',
               a_config_that_is_not_there='--config no.py', a_user_without_a_name='--add-user'),
        *_outputs('station', '--model F/anom.onnx', '--data'),
    ]


def _quickstart() -> list[Use]:
    return [
        *_uses('quickstart', '', no_folder='', a_folder_that_is_not_there='no', a_folder_without_pictures='F/none',
               too_few_pictures='F/few', a_file='F/file', a_picture='F/picture.png', an_empty_word="''",
               damaged_pictures='F/broken', two_folders='F/good F/few'),
        *_uses('quickstart', 'F/good --out out', tests_that_are_not_there='--test no',
               tests_without_pictures='--test F/none',
               a_rate_of_0='--false-reject-rate 0', a_rate_that_is_too_low='--false-reject-rate 0.0001',
               a_rate_in_words='--false-reject-rate few', a_rate_of_NaN='--false-reject-rate nan'),
        *_outputs('quickstart', 'F/good', '--out'),
    ]


def _sets() -> list[Use]:
    voc, coco = 'F/data/vials', 'F/data/vials --out out'
    return [
        *_uses('make-vials', '', no_folder='', no_training_images='out --train 0',
               a_number_in_words='out --train many',
               a_size_of_10_to_the_9='out --size 1000000000 1000000000', a_size_of_0='out --size 0 0',
               half_a_size='out --size 320', upright='out --size 64 128', all_empty='out --empty 1',
               empty_NaN='out --empty nan', a_seed_below_0='out --seed -1', unknown_classes='out --classes all',
               another_set='F/data/textures', an_empty_word="''", a_file='F/file', below_a_file='F/file/x'),
        *_uses('make-textures', '', no_folder='', no_training_images='out --train 0',
               a_number_in_words='out --good many',
               a_size_of_10_to_the_9='out --size 1000000000', a_size_of_100='out --size 100',
               a_size_of_0='out --size 0',
               a_seed_below_0='out --seed -1', defects_below_0='out --defective -1', another_set='F/data/vials',
               an_empty_word="''", a_file='F/file', below_a_file='F/file/x'),
        *_uses('voc2coco', '', no_words='', no_output=voc, a_folder_that_is_not_there='no --out out',
               no_annotations='F/none --out out', a_file='F/file --out out', shares_of_2=f'{coco} --split 2',
               shares_below_0=f'{coco} --split -0.5', shares_of_NaN=f'{coco} --split nan',
               three_shares=f'{coco} --split 0.2 0.2 0.2', shares_in_words=f'{coco} --split half',
               an_offset_of_5=f'{coco} --offset 5', an_unknown_class=f'{coco} --classes cat',
               images_that_are_not_there=f'{coco} --images no',
               annotations_that_are_not_there=f'{coco} --annotations no',
               a_seed_in_words=f'{coco} --seed one'),
        *_outputs('voc2coco', voc, '--out'),
        *_uses('labelme2mask', '', no_words='', no_output='F/drawn', a_folder_that_is_not_there='no --out out',
               no_drawings='F/none --out out', damaged_drawings='F/drawn_wrong --out out', a_file='F/file --out out',
               an_unknown_label='F/drawn --out out --labels cat',
               a_suffix_with_a_path='F/drawn --out out --suffix ../../x',
               a_suffix_with_a_folder='F/drawn --out out --suffix /x', onto_the_drawings='F/drawn --out F/drawn'),
        *_outputs('labelme2mask', 'F/drawn', '--out'),
    ]


def _check() -> list[Use]:
    return [
        *_uses('check', '', no_config='', a_config_that_is_not_there='no.py', an_empty_config='F/empty.py',
               a_config_that_exits='F/wrong_exit0.py', a_binary_config='F/binary.py', an_unknown_type='F/wrong_type.py',
               data_that_are_not_there='F/wrong_no_data.py', an_unknown_option='F/det.py --jsn x'),
        *_uses('check', 'F/det.py', no_threads='--workers 0', threads_in_words='--workers many',
               a_least_size_of_0='--min-size 0', a_least_size_of_NaN='--min-size nan', words_for_an_option=
               '--cfg-options x', one_file_twice='--out a.html --json a.html',
               score_threshold_NaN='--cfg-options model.test_cfg.score_thr=nan'),
        *_outputs('check', 'F/det.py', '--out', '.html', folder=False),
        *_outputs('check', 'F/det.py', '--json', '.json', folder=False),
    ]


def _analysis() -> list[Use]:
    pair = '--student F/det.py F/det.pth --teacher F/det.py F/det.pth'
    size = 'F/det.py --shape'
    return [
        *_uses('complexity', '', no_config='', a_config_that_is_not_there='no.py', an_empty_config='F/empty.py',
               a_config_that_exits='F/wrong_exit0.py', an_unknown_type='F/wrong_type.py',
               a_binary_config='F/binary.py',
               depth_17='F/det.py --cfg-options model.backbone.depth=17', a_size_of_0=f'{size} 0 0',
               half_a_size=f'{size} 64',
               a_size_of_10_to_the_9=f'{size} 1000000000 1000000000', a_size_in_words=f'{size} big big',
               a_checkpoint_that_is_not_there='F/det.py no.pth', words_for_an_option='F/det.py --cfg-options x'),
        *_uses('speed', '', no_config='', a_config_that_is_not_there='no.py', an_empty_config='F/empty.py',
               a_config_that_exits='F/wrong_exit0.py', a_checkpoint_that_is_text='F/det.py F/text.pth',
               another_model='F/det.py F/anom.pth', a_size_of_0=f'{size} 0 0',
               a_size_of_10_to_the_9=f'{size} 1000000000 1000000000', no_images='F/det.py --images 0',
               images_below_0='F/det.py --images -5', warmup_below_0='F/det.py --warmup -1',
               no_threads='F/det.py --threads 0',
               a_size_and_a_set=f'{size} 64 64 --dataset', words_for_an_option='F/det.py --cfg-options x'),
        *_uses('heatmap', '', no_words='', no_teacher='--student F/det.py F/det.pth --images F/few --out out',
               a_config_that_is_not_there=f'{pair.replace("F/det.py", "no.py")} --images F/few --out out',
               a_checkpoint_that_is_text=f'{pair.replace("F/det.pth", "F/text.pth")} --images F/few --out out',
               no_images=f'{pair} --images F/none --out out',
               images_that_are_not_there=f'{pair} --images no --out out',
               an_image_that_ends_early=f'{pair} --images F/broken --out out',
               a_level_of_9=f'{pair} --images F/few --out out --level 9',
               a_level_in_words=f'{pair} --images F/few --out out --level fine',
               a_text_as_image=f'{pair} --images F/file --out out'),
        *_outputs('heatmap', f'{pair} --images F/few', '--out'),
        *_uses('compare', '', no_config='', a_config_that_is_not_there='no.py', an_empty_config='F/empty.py',
               an_anomaly_model='F/anom.py', a_config_that_exits='F/wrong_exit0.py',
               a_config_twice='F/det.py F/det.py',
               an_unknown_table='F/det.py --published table99:x', a_table_without_a_row='F/det.py --published table3',
               a_size_of_0='F/det.py --shape 0 0 --images 0', images_below_0='F/det.py --images -1 --shape 64 64',
               runs_into_a_file='F/det.py --run --work-root F/file'),
        *_outputs('compare', 'F/det.py --images 0 --shape 64 96', '--out', '.json', folder=False),
        *_outputs('compare', 'F/det.py --images 0 --shape 64 96', '--markdown', '.md', folder=False),
    ]


def _many() -> list[Use]:
    begin = '--configs F/anom.py --data-root F/data/textures'
    return [
        *_uses('sweep', '', no_config='--data-root F/data/textures', a_config_that_is_not_there=
               '--configs no.py --data-root F/data/textures',
               an_empty_config='--configs F/empty.py --data-root F/data/textures',
               a_config_that_exits='--configs F/wrong_exit0.py --data-root F/data/textures',
               data_that_are_not_there='--configs F/anom.py --data-root no'),
        *_uses('sweep', begin, no_jobs='--jobs 0', an_unknown_category='--categories cat',
               seeds_in_words='--seeds one',
               a_seed_twice='--seeds 1 1', a_seed_below_0='--seeds -1', a_word_for_an_option='--cfg-options x',
               an_unknown_entry=
               '--cfg-options no.such=1', runs_into_a_file='--work-root F/file'),
        *_outputs('sweep', begin, '--out'),
    ]


def _demo() -> list[Use]:
    return [*_uses('demo', '', an_unknown_part='--part cats', a_part_without_a_name='--part',
    an_unknown_option='--fast',
                   a_word_too_many='--only-train now', a_value_for_a_flag='--random=1'),
            *_outputs('demo', '', '--out')]
