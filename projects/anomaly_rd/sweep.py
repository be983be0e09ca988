"""Categories x configs x seeds: which runs that makes, how they are run, and where their data are."""
from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from mminspect import runtime
from mminspect.core.errors import UserError
from mminspect.core.log import quiet_log
from mminspect.experiments import jobs

from .datasets.categories import category_of, find_categories

#: Stands for every category of the data roots.
ALL = 'all'
#: What the base configs of the data sets read.
CATEGORY, DATA, DATASET = 'MMINSPECT_CATEGORY', 'MMINSPECT_DATA', 'MMINSPECT_DATASET'


@dataclass(frozen=True, eq=False)
class Run:
    """One model: a config trained on one category with one seed.

    Attributes:
        config: Name of the config, without folder and suffix.
        category: Name.
        seed: Random seed.
        job: Its training and test.
    """

    config: str
    category: str
    seed: int
    job: jobs.Job

    def __str__(self) -> str:
        return f'{self.config}, {self.category}, seed {self.seed}'

    @property
    def metrics(self) -> dict[str, float] | None:
        """Fractions by name, NaN where undefined; None where the run is not finished.

        Raises:
            UserError: The file of results is damaged.
        """
        try:
            metrics = self.job.metrics
            return None if metrics is None else {name: float(value) for name, value in metrics.items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise UserError(f'{self.job.work_dir / "metrics.json"} is no file of results: remove it and run the sweep '
                            'again') from error


def locate_categories(names: Sequence[str], roots: Sequence[str | Path]) -> dict[str, Path]:
    """The data root of every category, in the order of ``names``, or of the roots for :data:`ALL`.

    Args:
        names: Categories, or :data:`ALL` alone.
        roots: Folders whose folders are categories.

    Raises:
        UserError: A category is in none of the roots, or two have one name (upper and lower case being the same).
    """
    roots = [Path(root).resolve() for root in roots]
    if ALL in names:
        found = [(name, root) for root in roots for name in find_categories(root)]
    else:
        found = [(name, root) for name in names for root in roots if (root / name).is_dir()]
        if missing := [name for name in names if not any(name == other for other, _ in found)]:
            raise UserError(f'category {missing[0]} is no folder of {", ".join(map(str, roots))}: check --categories '
                            'and --data-root')
    seen: dict[str, tuple[str, Path]] = {}
    for name, root in found:
        if other := seen.get(name.casefold()):
            raise UserError(f"two categories have one name, '{other[1] / other[0]}' and '{root / name}', so that "
                            'results of one would replace those of the other: name each category once')
        seen[name.casefold()] = name, root
    return dict(found)


def make_runs(configs: Sequence[str], categories: Mapping[str, Path], seeds: Sequence[int], work_root: str | Path,
              arguments: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()), threads: int | None = 1) -> list[Run]:
    """One run for every combination, in ``<work_root>/<config>/<category>/seed<seed>``.

    Args:
        configs: Config files.
        categories: Data root by category.
        seeds: Random seeds.
        work_root: Folder of all runs.
        arguments: Further arguments of mminspect train and of mminspect test.
        threads: CPU threads of each process; None where the environment says how many.

    Raises:
        UserError: Two configs or seeds are the same, a config cannot be read, or it has a category of its own.
    """
    stems = [Path(config).stem for config in configs]
    for what, values in (('configs called', stems), ('seeds', seeds)):
        if twice := [value for value in values if list(values).count(value) > 1]:
            raise UserError(f'several {what} {twice[0]} would share one folder of results: name each once')
    for config in configs:
        _check_category(config, tuple(categories))
    runs = []
    for (config, stem), (category, root), seed in product(zip(configs, stems, strict=True), categories.items(), seeds):
        environment = {CATEGORY: category, DATA: str(root.parent), DATASET: root.name}
        if threads is not None:
            environment['OMP_NUM_THREADS'] = str(threads)
        job = jobs.Job(config, Path(work_root) / stem / category / f'seed{seed}',
                       ('--seed', str(seed), *arguments[0]), arguments[1], environment, forked=True)
        runs.append(Run(stem, category, seed, job))
    return runs


def run_all(runs: Sequence[Run], processes: int = 1, echo: Callable[[str], None] = print) -> dict[Run, str]:
    """Train and test what is not finished, ``processes`` runs at a time; a failed run does not stop the others.

    Returns:
        What went wrong, by run.
    """
    failed: dict[Run, str] = {}
    pool = ThreadPoolExecutor(processes)
    try:
        futures = {pool.submit(_run, run, echo): run for run in runs}
        for number, future in enumerate(as_completed(futures), start=1):
            run = futures[future]
            try:
                echo(f'[{number}/{len(runs)}] {run}: {"done" if future.result() else "already there"}')
            except UserError as error:
                failed[run] = str(error)
                echo(f'[{number}/{len(runs)}] {run}: FAILED, {error}')
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        jobs.end_children()  # or the pool would wait for the end of their training
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return failed


def _run(run: Run, echo: Callable[[str], None]) -> bool:
    """Train and test; whether there was anything to do."""
    if run.metrics is not None:
        return False
    echo(f'{run}: training and testing, log in {run.job.work_dir / "output.log"}')
    jobs.run(run.job, lambda line: echo(f'{run}: {line}'))
    return True


def _check_category(config: str, categories: tuple[str, ...]) -> None:
    """A config with a category of its own would train that one under the name of every other."""
    probe = 'any-category'
    with _environment(CATEGORY, probe), quiet_log():  # mmengine would announce the probe
        own = category_of(runtime.load_config(str(config)))
    if own != probe and (own is None or set(categories) != {own}):
        raise UserError(f'{config} does not take its category from {CATEGORY} (its data set has {own}): inherit '
                        '_base_/datasets/mvtec.py or visa.py for a sweep')


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
