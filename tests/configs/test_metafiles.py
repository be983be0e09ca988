"""README.md and metafile.yml of each folder of configs: complete, true to the configs, and with links that resolve."""
import json
import re
import statistics
from pathlib import Path

import pytest
import yaml
from mmengine.config import Config

import fdrd  # noqa: F401 (activates mmdet's operators)
from fdrd.published import COLUMNS, NUMBERS_ONLY, TABLES
from helpers import ROOT

CONFIGS = sorted(path for path in (ROOT / 'configs').rglob('*.py') if '_base_' not in path.parts)
INDEX = ROOT / 'model-index.yml'
METAFILES = sorted((ROOT / 'configs').rglob('metafile.yml'))
RESULTS = ROOT / 'benchmarks' / 'results'
DATASETS = {'MVTec AD screw': 'anomaly_screw', 'AITEX fabric 02': 'anomaly_fabric02', 'DeepPCB': 'deeppcb'}
BOX_METRICS = dict(AP50='mAP_50', AP='mAP', APsmall='mAP_s', AR='AR@100', ARsmall='AR_s@1000')
#: The folder whose README has the paper's table.
FOLDER_OF = dict(table1='noise', table2='distillers', table3='detectors', table4='ablations', table5='tianchi',
                 table6='tianchi')


def named(path: Path) -> str:
    return str(path.parent.relative_to(ROOT / 'configs'))


def folder_of(config: Path) -> Path:
    """The nearest folder with a metafile."""
    return next(folder for folder in config.parents if (folder / 'metafile.yml').is_file())


def models_of(metafile: Path) -> list[dict]:
    return yaml.safe_load(metafile.read_text())['Models']


def test_the_index_names_every_metafile_and_is_one_of_openmmlab() -> None:
    assert yaml.safe_load(INDEX.read_text())['Import'] == [str(path.relative_to(ROOT)) for path in METAFILES]
    index = pytest.importorskip('modelindex').load(str(INDEX))
    index.build_models_with_collections()
    assert sorted(model.config for model in index.models) == [str(path.relative_to(ROOT)) for path in CONFIGS]
    # paths to READMEs count from the repository, as in mmdet's own metafiles; this check counts from the metafile
    assert [fault for fault in index.check(silent=True) or () if 'Path to README file' not in fault] == []


@pytest.mark.parametrize('metafile', METAFILES, ids=named)
def test_metafile(metafile: Path) -> None:
    """Every config of the folder is in it, and nothing else; what it says of them is so."""
    content = yaml.safe_load(metafile.read_text())
    collection, = content['Collections']
    assert ROOT / collection['README'] == metafile.parent / 'README.md' and collection['Paper']['Title']
    assert collection['Metadata'].keys() >= {'Training Data', 'Training Techniques', 'Architecture'}
    assert sorted(ROOT / model['Config'] for model in content['Models']) == [
        path for path in CONFIGS if folder_of(path) == metafile.parent]
    for model in content['Models']:
        cfg = Config.fromfile(ROOT / model['Config'])
        assert (model['Name'], model['In Collection']) == (Path(model['Config']).stem, collection['Name'])
        length = {key: cfg.train_cfg[name] for key, name in (('Epochs', 'max_epochs'), ('Iterations', 'max_iters'))
                  if name in cfg.train_cfg}
        assert model['Metadata'].items() >= dict(length, **{'Batch Size': cfg.train_dataloader.batch_size}).items()


def test_names_of_collections_are_unique() -> None:
    names = [yaml.safe_load(path.read_text())['Collections'][0]['Name'] for path in METAFILES]
    assert len(names) == len(set(names))


def measured(dataset: str) -> dict[str, dict[str, float]]:
    """What the benchmarks measured on a data set: by config and metric, mean over the seeds, in percent."""
    rows = json.loads((RESULTS / f'{DATASETS[dataset]}.json').read_text())['rows']
    if dataset == 'DeepPCB':
        return {row['config']: {ours: round(100 * row['mean'][key], 1) for ours, key in BOX_METRICS.items()}
                for row in rows}
    keys = ('image_auroc', 'pixel_auroc', 'aupro', 'pixel_ap')
    return {row['config']: {key: round(100 * statistics.mean(run[key] for run in row['runs']), 1) for key in keys}
            for row in rows}


@pytest.mark.parametrize('dataset', DATASETS)
def test_results_are_those_that_were_measured(dataset: str) -> None:
    found = {model['Config']: result['Metrics'] for path in METAFILES for model in models_of(path)
             for result in model.get('Results', ()) if result['Dataset'] == dataset}
    assert found == measured(dataset)
    for config, metrics in found.items():
        lines = (folder_of(ROOT / config) / 'README.md').read_text().splitlines()
        cells = ' | '.join(f'{value:.1f}' for value in metrics.values())
        assert any(f'[{Path(config).stem}]' in line and cells in line for line in lines), config


@pytest.mark.parametrize('metafile', METAFILES, ids=named)
def test_readme(metafile: Path) -> None:
    """It links every config; what it links, and the configs of its commands, exist."""
    readme = metafile.parent / 'README.md'
    text = readme.read_text()
    targets = {(readme.parent / target).resolve() for target in re.findall(r'\]\(([^)#]+)(?:#[^)]*)?\)', text)}
    assert [target for target in targets if not target.is_file()] == []
    assert {ROOT / model['Config'] for model in models_of(metafile)} <= targets
    for label, target in re.findall(r'\[(\S+)\]\((\S+)\.py\)', text):
        assert label == Path(target).name
    commands = re.findall(r'configs/\S+\.py', text)
    assert [name for name in commands if not (ROOT / name).is_file()] == []
    assert '\n## Citation\n' in text and '```bash\n' in text
    assert commands or 'make demo' in text


@pytest.mark.parametrize('table', TABLES)
def test_readmes_have_the_published_tables(table: str) -> None:
    lines = (ROOT / 'configs' / 'fdrd' / FOLDER_OF[table] / 'README.md').read_text().splitlines()
    for row, values in TABLES[table].items():
        cells = ' | '.join(f'{value:.0f}' if column == 'FPS' else f'{value:.1f}'
                           for column, value in zip(COLUMNS[table], values, strict=True))
        owner = 'none: numbers only' if row in NUMBERS_ONLY else '['
        assert any(line.startswith(f'| {row} | {owner}') and line.endswith(f' | {cells} |') for line in lines), row
