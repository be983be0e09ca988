import pytest
from mmdet.registry import MODELS

from fdrd.distillers import CrossHeadKD, DistillationTerm, FeaturePKD, LocalizationKD
from fdrd.tracing import DenseTargets, trace_head
from helpers import build_head, features


def test_a_new_term_needs_forward_alone() -> None:
    trace = trace_head(build_head(), features())
    with pytest.raises(NotImplementedError, match='forward'):
        DistillationTerm()(trace, trace, DenseTargets())

    class Mean(DistillationTerm):
        def forward(self, student, teacher, targets):
            return {'loss_mean': student.outputs[0][0].mean() - teacher.outputs[0][0].mean()}

    assert Mean()(trace, trace, DenseTargets())['loss_mean'] == 0
    assert Mean().hold == () and Mean().check(None, None) is None


@pytest.mark.parametrize(('kind', 'hold'), [(CrossHeadKD, (3, )), (LocalizationKD, ()), (FeaturePKD, ())])
def test_terms_are_registered_and_say_what_they_hold(kind: type, hold: tuple[int, ...]) -> None:
    term = MODELS.build(dict(type=kind.__name__))
    assert isinstance(term, DistillationTerm) and term.hold == hold
    assert not list(term.parameters()) and not term.state_dict()
