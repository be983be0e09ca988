"""What those who join read is true: files and commands that it names exist, and forms are what their readers expect."""
from __future__ import annotations

import re
from datetime import date

import pytest
import yaml

import mminspect
from helpers import ROOT, load_tool

GITHUB = ROOT / '.github'
TEMPLATES = sorted(path for path in (GITHUB / 'ISSUE_TEMPLATE').glob('*.yml') if path.stem != 'config')
#: Of https://docs.github.com/communities/using-templates-to-encourage-useful-issues-and-pull-requests
INPUTS = ('textarea', 'input', 'dropdown', 'checkboxes')
KINDS = ('Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security')


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding='utf-8')


@pytest.mark.parametrize('name', ['CONTRIBUTING.md', '.github/pull_request_template.md'])
def test_the_files_that_it_names_exist(name: str) -> None:
    spans = re.findall(r'`([^`\n]+)`', re.sub(r'```.*?```', '', text(name), flags=re.S))
    paths = [span for span in spans if re.fullmatch(r'[\w./-]+', span) and '/' in span]
    made = {'benchmarks/results/', 'data/', 'weights/', 'site/', 'deeppcb/'}
    assert paths and [path for path in paths if path not in made and not (ROOT / path).exists()] == []


def test_commands_of_make_exist() -> None:
    texts = text('CONTRIBUTING.md') + text('.github/pull_request_template.md')
    names = {first or second for first, second in re.findall(r'^make ([\w-]+)|`make ([\w-]+)`', texts, re.M)}
    assert names == {'test', 'lint', 'bench', 'docs', 'release-check'}
    assert all(re.search(rf'^{name}:', text('Makefile'), re.M) for name in names)


def test_what_security_names_exists() -> None:
    spans = re.findall(r'`([^`\n]+)`', text('SECURITY.md'))
    modules = [span for span in spans if re.fullmatch(r'mminspect(\.\w+)+', span) and span != 'mminspect.methods']
    assert modules and all((ROOT / 'projects' / (name.replace('.', '/') + '.py')).is_file() for name in modules)
    variables = [span for span in spans if span.startswith('STATION_')]
    assert variables and all(f'`{name}`' in text('docs/station.md') for name in variables)


def test_style_has_ten_lines_each_with_an_example_from_the_code() -> None:
    part = text('CONTRIBUTING.md').partition('## Style in ten lines')[2].partition('\n## ')[0]
    rules = re.findall(r'^(\d+)\. (.+)$', part, re.M)
    assert [number for number, _ in rules] == [str(number) for number in range(1, 11)]
    for number, rule in rules[:-1]:  # the last is what ruff holds
        files = re.findall(r'\]\(((?:projects|configs)/[\w./-]+\.py)\)', rule)
        assert len(files) == 1, number
        for name in re.findall(r'`(\w+)`', rule):
            assert re.search(rf'\b(def|class) {name}\b', text(files[0])), (number, name)


def test_the_examples_of_length_are_as_short_as_the_rule() -> None:
    assert len(text('projects/mminspect/decisions/drift.py').splitlines()) <= 130
    assert len(text('configs/fdrd/distillers/pkd_gfl_r18_48e_medicine.py').splitlines()) < 10


def test_the_changelog_keeps_its_form() -> None:
    lines = re.findall(r'^## (.+)$', text('CHANGELOG.md'), re.M)
    assert lines[0] == '[Unreleased]'
    found = [re.fullmatch(r'\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)', line).groups() for line in lines[1:]]
    assert found[0][0] == mminspect.__version__
    dates = [date.fromisoformat(day) for _, day in found]
    assert dates == sorted(dates, reverse=True) and len({version for version, _ in found}) == len(found)
    assert set(re.findall(r'^### (.+)$', text('CHANGELOG.md'), re.M)) <= set(KINDS)


def test_the_citation_has_what_the_format_requires() -> None:
    """Of the Citation File Format 1.2.0: required keys, and those that have a fixed form."""
    cited = yaml.safe_load(text('CITATION.cff'))
    assert cited['cff-version'] == '1.2.0' and cited['message'] and cited['title'] and cited['type'] == 'software'
    assert cited['authors'] == [{'name': 'mminspect contributors'}] and cited['license'] == 'Apache-2.0'
    assert cited['version'] == mminspect.__version__ and date.fromisoformat(cited['date-released'])
    released = re.search(rf'^## \[{re.escape(cited["version"])}\] - (\S+)$', text('CHANGELOG.md'), re.M)
    assert released[1] == cited['date-released']


def test_versions_agree() -> None:
    assert f"version='{mminspect.__version__}'" in text('setup.py')


@pytest.mark.parametrize('path', TEMPLATES, ids=lambda path: path.stem)
def test_an_issue_template_is_a_form_that_github_reads(path) -> None:
    form = yaml.safe_load(path.read_text(encoding='utf-8'))
    assert set(form) <= {'name', 'description', 'title', 'labels', 'assignees', 'projects', 'type', 'body'}
    assert form['name'] and form['description'] and form['body']
    fields = [field for field in form['body'] if field['type'] != 'markdown']
    assert fields and all(field['type'] in INPUTS and field['attributes']['label'] for field in fields)
    assert all(field['attributes']['value'] for field in form['body'] if field['type'] == 'markdown')
    assert all(field['attributes']['options'] for field in fields if field['type'] == 'dropdown')
    names = [field['id'] for field in fields]
    assert len(set(names)) == len(names) and all(re.fullmatch(r'[\w-]+', name) for name in names)
    labels = [field['attributes']['label'] for field in fields]
    assert len(set(labels)) == len(labels)


def test_there_are_templates() -> None:
    assert len(TEMPLATES) >= 2 and (GITHUB / 'ISSUE_TEMPLATE' / 'config.yml').is_file()


def test_the_workflow_runs_what_the_ci_runs_on_supported_interpreters() -> None:
    workflow = yaml.safe_load(text('.github/workflows/ci.yml'))
    assert workflow[True].keys() == {'push', 'pull_request'}, 'YAML reads the key on as true'
    job = workflow['jobs']['run']
    commands = [step['run'] for step in job['steps'] if 'run' in step]
    assert commands == ['.ci/run'] and (ROOT / '.ci' / 'run').stat().st_mode & 0o100
    versions = [tuple(map(int, version.split('.'))) for version in job['strategy']['matrix']['python']]
    bootstrap = load_tool('bootstrap')
    assert versions and [version for version in versions if bootstrap.check_python(version)] == []
    assert job['steps'][-1]['env']['PYTHON'] == 'python${{ matrix.python }}' and 'PYTHON ?=' in text('Makefile')


