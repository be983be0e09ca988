"""One line that says what is happening."""
from __future__ import annotations

import time

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

#: How a parent process tells these lines from the log.
PREFIX = 'progress: '
#: Of a run whose epochs are many.
LINES = 10


@HOOKS.register_module()
class ProgressHook(Hook):
    """Print one line per ``interval`` epochs: title, epoch, loss, elapsed and remaining seconds.

    The first epoch of a process starts readers and fills caches: the remaining time is told by those behind it. Of a
    long run it is left out until there is one.

    For runs whose full log goes to a file (``make demo``); :mod:`mminspect.experiments.jobs` passes these lines on to
    the terminal.

    Args:
        title: What is being trained, as the user should read it.
        interval: Epochs between two lines; None: a line for every tenth of the run, where epochs are short and many.
    """

    def __init__(self, title: str, interval: int | None = 1) -> None:
        self.title = title
        self.interval = interval
        self._start = self._warm = 0.0
        self._first_epoch = 0

    def before_train(self, runner: Runner) -> None:
        """Start the clock."""
        self._start, self._first_epoch = time.monotonic(), runner.epoch

    @master_only
    def after_train_epoch(self, runner: Runner) -> None:
        """Print the line."""
        done, total = runner.epoch + 1, runner.max_epochs
        first = done == self._first_epoch + 1
        if not first and not self._is_due(done, total):
            return
        elapsed = time.monotonic() - self._start
        if first:
            self._warm = elapsed
            if not self._is_due(done, total):
                return
        losses = runner.message_hub.log_scalars.get('train/loss')
        loss = f', loss {losses.mean(20):.3f}' if losses else ''  # a model that is fitted once has none
        print(f'{PREFIX}{self.title}: epoch {done}/{total}{loss}, {elapsed:.0f} s done'
              f'{self._remaining(elapsed, done, total)}', flush=True)

    def _is_due(self, done: int, total: int) -> bool:
        if self.interval is None:
            return LINES * done // total > LINES * (done - 1) // total
        return done % self.interval == 0 or done == total

    def _remaining(self, elapsed: float, done: int, total: int) -> str:
        epochs = done - self._first_epoch
        if epochs > 1:
            seconds = (elapsed - self._warm) / (epochs - 1) * (total - done)
        elif total - self._first_epoch <= LINES or done == total:
            seconds = elapsed * (total - done)  # nothing better is known, and the next line may be far
        else:
            return ''
        return f', {seconds:.0f} s to go'
