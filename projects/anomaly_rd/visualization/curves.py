"""ROC, precision-recall and PRO curves side by side."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mminspect.experiments.table import cell

#: By the last part of a curve's name (image_roc, pixel_pr, pro): title, x axis, y axis.
PANELS = dict(roc=('ROC', 'false positive rate', 'true positive rate'),
              pr=('precision-recall', 'recall', 'precision'),
              pro=('per-region overlap', 'false positive rate of pixels', 'mean covered share of a defect'))
#: Metric whose number belongs to a curve.
AREAS = dict(image_roc='image_auroc', pixel_roc='pixel_auroc', image_pr='image_ap', pixel_pr='pixel_ap', pro='aupro')
#: AUPRO integrates up to this false positive rate.
PRO_LIMIT = 0.3


def draw_curves(curves: Mapping[str, tuple[NDArray, NDArray]], metrics: Mapping[str, float] | None = None) -> Figure:
    """One panel per kind of curve; image and pixel curves share one.

    Args:
        curves: By name (``image_roc``, ``pixel_roc``, ``image_pr``, ``pixel_pr``, ``pro``): x, ascending, and y, each
            in [0, 1]; empty ones are left out.
        metrics: Fractions by name, for the legend.

    Raises:
        ValueError: The name of a curve ends in no key of :data:`PANELS`.
    """
    if unknown := [name for name in curves if name.split('_')[-1] not in PANELS]:
        raise ValueError(f'curves called {unknown} are of no known kind ({", ".join(PANELS)})')
    groups = {kind: {name: curve for name, curve in curves.items() if name.split('_')[-1] == kind and len(curve[0])}
              for kind in PANELS}
    groups = {kind: group for kind, group in groups.items() if group}
    figure = Figure(figsize=(4.2 * max(len(groups), 1), 4.6), dpi=120, layout='constrained')
    if not groups:
        figure.text(0.5, 0.5, 'no curve is defined:\none kind of images is missing', ha='center')
    for column, (kind, group) in enumerate(groups.items()):
        _panel(figure.add_subplot(1, len(groups), column + 1), kind, group, metrics or {})
    return figure


def _panel(axis: Axes, kind: str, curves: Mapping[str, Sequence[NDArray]], metrics: Mapping[str, float]) -> None:
    title, horizontal, vertical = PANELS[kind]
    for name, (x, y) in curves.items():
        area = AREAS.get(name, '')
        what = name.removesuffix(kind).strip('_') or 'regions'
        axis.plot(x, y, linewidth=1.6, drawstyle='steps-pre' if kind == 'pr' else 'default',
                  label=f'{what}: {area} {cell(metrics[area], 4)}' if area in metrics else what)
    if kind == 'roc':
        axis.plot([0, 1], [0, 1], color='grey', linestyle=':', linewidth=1)
    if kind == 'pro':
        axis.axvspan(0, PRO_LIMIT, color='grey', alpha=0.15, label=f'area of aupro (to {PRO_LIMIT:g})')
    axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), title=title, xlabel=horizontal, ylabel=vertical)
    axis.set_box_aspect(1)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8, loc='lower left' if kind == 'pr' else 'lower right')
