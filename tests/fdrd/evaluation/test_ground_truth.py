"""Ground truth beside what was tested."""
import copy

from mmdet.datasets.api_wrappers import COCO

from fdrd.evaluation.ground_truth import distinct_images, fullest, number, untested


def truth(categories: tuple = (1, 2)) -> COCO:
    api = COCO()
    boxes = [(1, 0), (1, 0), (1, 1), (2, 1)]
    api.dataset = dict(images=[dict(id=1), dict(id=2), dict(id=3)],
                       categories=[dict(id=i, name=name) for i, name in zip(categories, 'ab', strict=True)],
                       annotations=[dict(id=n, image_id=image, category_id=categories[label], iscrowd=0)
                                    for n, (image, label) in enumerate(boxes)])
    api.createIndex()
    return api


def test_numbers_begin_with_one() -> None:
    api = truth((7, 3))
    number(api)
    assert api.get_ann_ids() == [1, 2, 3, 4] and api.get_ann_ids(img_ids=[2]) == [4]
    assert api.get_cat_ids(cat_names=['b']) == [2] and api.cat_img_map[2] == [1, 2]
    kept = truth((7, 3))
    number(kept, categories=False)
    assert kept.get_cat_ids(cat_names=['b']) == [3]
    ascending = truth((3, 7))
    number(ascending)
    assert ascending.get_cat_ids() == [3, 7]


def test_counts() -> None:
    assert fullest(truth(), 1) == (1, 2) and fullest(truth(), 2) == (0, 2)
    assert fullest(truth(), 2, classes=False) == (1, 3)
    assert untested(truth(), [1, 2], 'a.json') == ''  # image 3 has no object
    assert untested(truth(), [3], 'a.json').startswith("2 of 3 images of 'a.json' were not tested: their 4 objects")


def test_distinct_images_keeps_what_was_given() -> None:
    results = [(dict(img_id=5, width=1), dict(img_id=5, scores=[])), (dict(img_id=5), dict(img_id=5))]
    before = copy.deepcopy(results)
    assert [(a['img_id'], b['img_id']) for a, b in distinct_images(results)] == [(1, 1), (2, 2)]
    assert results == before
