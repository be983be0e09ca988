"""One line that says what is happening."""
from __future__ import annotations

import time

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

#: How a parent process tells these lines from the log.
PREFIX = 'progress: '


@HOOKS.register_module()
class ProgressHook(Hook):
    """Print one line per ``interval`` epochs: title, epoch, loss, elapsed and remaining seconds.

    For runs whose full log goes to a file (``make demo``); :mod:`mminspect.experiments.jobs` passes these lines on to
    the terminal.

    Args:
        title: What is being trained, as the user should read it.
        interval: Epochs between two lines.
    """

    def __init__(self, title: str, interval: int = 1) -> None:
        self.title = title
        self.interval = interval
        self._start = 0.0
        self._first_epoch = 0

    def before_train(self, runner: Runner) -> None:
        """Start the clock."""
        self._start, self._first_epoch = time.monotonic(), runner.epoch

    @master_only
    def after_train_epoch(self, runner: Runner) -> None:
        """Print the line."""
        done, total = runner.epoch + 1, runner.max_epochs
        if done % self.interval and done != total:
            return
        elapsed = time.monotonic() - self._start
        remaining = elapsed / max(done - self._first_epoch, 1) * (total - done)
        losses = runner.message_hub.log_scalars.get('train/loss')
        loss = f', loss {losses.mean(20):.3f}' if losses else ''  # a model that is fitted once has none
        print(f'{PREFIX}{self.title}: epoch {done}/{total}{loss}, {elapsed:.0f} s done, '
              f'{remaining:.0f} s to go', flush=True)
