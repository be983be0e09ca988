"""The head's number of classes against the data's."""
import pytest

from fdrd.datasets.class_count import check_class_count
from mminspect.core.errors import UserError

TWO = dict(metainfo=dict(classes=('hair', 'glass')))


@pytest.mark.parametrize('model', [dict(bbox_head=dict(num_classes=1)), dict(bbox_head=dict(num_classes=3)),
                                   dict(roi_head=dict(bbox_head=dict(num_classes=80)))])
@pytest.mark.parametrize('dataset', [TWO, dict(dataset=TWO), dict(datasets=[TWO])])
def test_a_different_number_is_refused(model, dataset):
    with pytest.raises(UserError, match=r'2 classes \(hair, glass\).*num_classes=2'):
        check_class_count(model, dataset)


@pytest.mark.parametrize('model', [dict(bbox_head=dict(num_classes=2)), dict(bbox_head=dict()),
                                   dict(roi_head=dict(bbox_head=dict(num_classes=2))), dict()])
def test_equal_or_unknown_numbers_pass(model):
    check_class_count(model, TWO)
    check_class_count(model, dict())


def test_names_in_a_file_are_counted(tmp_path):
    (tmp_path / 'classes.txt').write_text('hair\nglass\n')
    dataset = dict(metainfo=dict(classes=str(tmp_path / 'classes.txt')))
    check_class_count(dict(bbox_head=dict(num_classes=2)), dataset)
    with pytest.raises(UserError, match=r'2 classes \(hair, glass\).*num_classes=2'):
        check_class_count(dict(bbox_head=dict(num_classes=80)), dataset)
    check_class_count(dict(bbox_head=dict(num_classes=80)), dict(metainfo=dict(classes='none.txt')))
