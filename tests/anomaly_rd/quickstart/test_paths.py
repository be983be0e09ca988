from pathlib import Path

from anomaly_rd.quickstart import Paths


def test_everything_is_beside_the_folder_of_the_config() -> None:
    paths = Paths(Path('work_dirs/caps/config/caps.py'))
    assert paths.folder == Path('work_dirs/caps')
    assert {paths.model.parent, paths.results.parent, paths.report.parent} == {paths.folder}
    assert len({paths.model, paths.results, paths.report}) == 3
