import pytest

from exchanges.simulator.faults import KINDS, Faults


class Clock:
    now = 1_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def faults(clock):
    return Faults(clock, seed=1)


def strikes(faults, times=1, exchange="binance", api_key="alice", endpoint="create"):
    return sum(faults.draw(exchange, api_key, endpoint) is not None for _ in range(times))


def test_without_rate_and_count_it_strikes_always(faults):
    faults.add("http_500")
    assert strikes(faults, 10) == 10


def test_a_count_is_used_up(faults, clock):
    fault = faults.add("http_500", count=2)
    assert strikes(faults, 5) == 2
    assert (fault.struck, fault.describe(clock())["active"]) == (2, False)
    assert faults.all() == [fault]


def test_a_rate_is_a_chance(faults):
    faults.add("http_500", rate=0.25)
    assert 180 < strikes(faults, 1_000) < 320
    faults.clear()
    faults.add("http_500", rate=0)
    assert strikes(faults, 100) == 0


def test_the_seed_decides_the_dice(clock):
    def drawn(seed):
        faults = Faults(clock, seed)
        faults.add("http_500", rate=0.5)
        return [faults.draw("binance", None, "create") is not None for _ in range(50)]

    assert drawn(1) == drawn(1) != drawn(2)


def test_it_ends_after_its_seconds_on_the_exchanges_clock(faults, clock):
    faults.add("http_500", seconds=2)
    clock.now += 1_999
    assert strikes(faults) == 1
    clock.now += 1
    assert strikes(faults) == 0


def test_it_strikes_only_where_it_was_asked_to(faults):
    faults.add("http_500", "bybit", api_key="alice", endpoint="cancel")
    here = {"exchange": "bybit", "endpoint": "cancel"}
    assert strikes(faults, **here) == 1
    assert strikes(faults, exchange="binance", endpoint="cancel") == 0
    assert strikes(faults, exchange="bybit", endpoint="create") == 0
    assert strikes(faults, **here, api_key="bob") == 0
    assert strikes(faults, **here, api_key=None) == 0


def test_what_needs_an_order_strikes_orders_where_no_endpoint_is_named(faults):
    faults.add("accept_then_drop")
    assert [strikes(faults, endpoint=each) for each in ("create", "cancel", "query", "market", "stream")] == [
        1, 1, 0, 0, 0,
    ]  # fmt: skip


def test_the_oldest_fault_that_strikes_is_the_one(faults):
    first, second = faults.add("http_500", count=1), faults.add("http_503")
    assert faults.draw("binance", None, "create") is first
    assert faults.draw("binance", None, "create") is second


def test_all_are_ended_or_one_of_them(faults):
    first, second = faults.add("http_500"), faults.add("http_503")
    assert faults.end(first.id) is first
    assert faults.end(first.id) is None
    assert faults.draw("binance", None, "create") is second
    assert faults.clear() == [second]
    assert faults.all() == []
    assert strikes(faults) == 0


def test_nobody_knows_whether_an_unknown_outcome_was_carried_out(faults):
    unknown = faults.add("code_-1007")
    assert {faults.carries_out(unknown) for _ in range(100)} == {True, False}
    assert faults.carries_out(faults.add("truncate"))
    assert not faults.carries_out(faults.add("http_429"))


NONSENSE = [
    {"kind": "nothing"}, {"kind": None}, {"kind": ["hang"]}, {"exchange": "mtgox"}, {"exchange": ["binance"]},
    {"api_key": ""}, {"api_key": 5}, {"endpoint": "stream"}, {"endpoint": "nowhere"}, {"endpoint": ["create"]},
    {"rate": -0.1}, {"rate": 1.1}, {"rate": "1"}, {"rate": True}, {"rate": float("nan")}, {"count": 0},
    {"count": 1.5}, {"count": True}, {"seconds": 0}, {"seconds": "5"}, {"seconds": float("inf")},
]  # fmt: skip


@pytest.mark.parametrize("wrong", NONSENSE, ids=str)
def test_nonsense_is_refused_by_the_name_of_its_field(wrong, faults):
    with pytest.raises(ValueError, match=f"^{next(iter(wrong))} "):
        faults.add(**{"kind": "hang", **wrong})
    assert faults.all() == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_may_strike_where_it_usually_does(kind, faults):
    known = KINDS[kind]
    assert known.usual
    assert known.usual <= known.possible
    for endpoint in known.possible:
        faults.add(kind, endpoint=endpoint)
