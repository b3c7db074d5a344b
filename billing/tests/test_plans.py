from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Plan as PlanName
from billing.plans import LIMITS, PLANS, in_words, leaves_room, lifted_by

COUNTS = st.integers(0, 10_000)


def test_every_plan_a_user_may_have_is_in_the_table():
    assert list(PLANS) == PlanName.values


@given(limit=st.sampled_from(LIMITS), used=COUNTS)
def test_the_plan_that_lifts_a_limit_is_the_least_that_has_room(limit, used):
    plans = list(PLANS.values())
    found = plans.index(lifted_by(limit, used))
    assert leaves_room(plans[found], limit, used)
    assert not any(leaves_room(plan, limit, used) for plan in plans[:found])


def test_limits_read_as_sentences():
    assert in_words(PLANS["free"], "live_bots") == "1 live bot at a time"
    assert in_words(PLANS["pro"], "backtests_a_day") == "2,000 backtests a day"
    assert in_words(PLANS["enterprise"], "paper_bots") == "any number of paper bots at a time"
