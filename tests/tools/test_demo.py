"""The demo's table and jobs; the demo itself is `make demo`."""
from pathlib import Path

from mmengine.config import Config
from rich.console import Console

from helpers import load_tool

demo = load_tool('demo')


def test_table_is_in_percent_and_says_na():
    console, part = Console(record=True, width=140), demo.PARTS[0]
    demo.print_table(console, part, [({'mAP_50': 0.4567, 'mAP': 0.2}, 61.4)] * len(part.rows))
    text = console.export_text()
    assert '45.7' in text and '20.0' in text and 'n/a' in text and '61' in text and 'student alone' in text


def test_jobs_fit_their_configs(tmp_path):
    for _, config in [row for part in demo.PARTS for row in part.rows]:
        job = demo.job_of(config, tmp_path)
        cfg = Config.fromfile(job.config)
        assert str(tmp_path / 'data') == job.environment['MMINSPECT_DATA']
        if job.config.name.startswith('fdrd'):
            teacher = next(a for a in job.train_arguments if a.startswith('model.teacher_ckpt='))
            assert teacher.endswith(Path(cfg.model.teacher_ckpt).relative_to('work_dirs/demo').as_posix())
            assert f"epoch_{Config.fromfile(cfg.model.teacher_config).train_cfg.max_epochs}.pth" in teacher
