"""Which records are asked for: the same questions on the page, in the API and in the CSV export."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from . import decisions
from .models import CAMERA, MARKS, UPLOAD, Record

DECISIONS = ('good', 'defect', 'none')
#: Rows that are read from the database at a time.
CHUNK = 500


def _time() -> forms.DateTimeField:
    return forms.DateTimeField(required=False, error_messages=dict(
        invalid='must be a time such as 2026-11-21 09:30'))


def _number() -> forms.FloatField:
    return forms.FloatField(required=False, error_messages=dict(invalid='must be a number such as 0.5'))


def _choice(**words: str) -> forms.ChoiceField:
    """One of these, with the words of the page."""
    return forms.ChoiceField(required=False, choices=[('', 'any'), *words.items()], error_messages=dict(
        invalid_choice=f'must be one of {", ".join(words)}'))


class RecordFilter(forms.Form):
    """Checks the questions; :meth:`select` answers them."""

    since = _time()
    until = _time()
    source = forms.CharField(required=False, max_length=40)
    decision = _choice(defect='defect', good='good', none='undecided')
    only_anomalies = forms.BooleanField(required=False)
    mark = _choice(**{mark: mark for mark in MARKS}, none='unmarked')
    min_score = _number()
    max_score = _number()

    def select(self, limits: Mapping[str, decisions.ThresholdInForce]) -> QuerySet[Record]:
        """The records, newest first; only for valid questions."""
        return Record.objects.filter(self._condition(limits)).select_related('model')

    def _condition(self, limits: Mapping[str, decisions.ThresholdInForce]) -> Q:
        asked, condition = self.cleaned_data, Q()
        for key, lookup in (('since', 'created__gte'), ('until', 'created__lte'), ('min_score', 'score__gte'),
                            ('max_score', 'score__lte')):
            if asked[key] is not None:
                condition &= Q(**{lookup: asked[key]})
        if asked['source'] in (UPLOAD, CAMERA):
            condition &= Q(source=asked['source'])
        elif asked['source']:
            condition &= Q(source=CAMERA, camera=asked['source'])
        if asked['mark']:
            condition &= Q(mark='' if asked['mark'] == 'none' else asked['mark'])
        return condition & _decided('defect' if asked['only_anomalies'] else asked['decision'], limits)


def _decided(decision: str, limits: Mapping[str, decisions.ThresholdInForce]) -> Q:
    defective, good = decisions.defective(limits), decisions.good(limits)
    return {'': Q(), 'defect': defective, 'good': good, 'none': ~(defective | good)}[decision]


def in_chunks(records: QuerySet[Record]) -> Iterator[list[Record]]:
    """All records, newest first, without a transaction that stays open in between."""
    last: Record | None = None
    while True:
        rest = records if last is None else records.filter(
            Q(created__lt=last.created) | Q(created=last.created, id__lt=last.id))
        chunk = list(rest[:CHUNK])
        if chunk:
            yield chunk
        if len(chunk) < CHUNK:
            return
        last = chunk[-1]


def words_of(errors: Mapping[str, Any]) -> str:
    """A form's errors as one sentence."""
    return '; '.join(f'{field} {" ".join(map(str, messages))}' for field, messages in errors.items())
