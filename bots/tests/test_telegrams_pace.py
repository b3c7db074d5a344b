"""All processes together keep to Telegram's limits: one message a second to a chat, thirty over all."""

import threading
import time
from itertools import pairwise

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisAway

from bots.services import pace

CHAT = 99


@pytest.fixture(autouse=True)
def _free(settings):
    with Redis.from_url(settings.REDIS_URL) as redis:
        _forget_all(redis)
        yield
        _forget_all(redis)


def _forget_all(redis):
    for key in redis.scan_iter("telegram:*"):
        redis.delete(key)


def sent(chats, patience=60.0):
    """When each message was written, by as many threads as there are lists of chats."""
    times = []

    def work(mine):
        for chat in mine:
            with pace.turn(chat, patience=patience):
                times.append((time.monotonic(), chat))

    threads = [threading.Thread(target=work, args=(mine,)) for mine in chats]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return sorted(times)


def test_a_chat_is_written_to_once_a_second(db):
    times = [when for when, _ in sent([[CHAT, CHAT], [CHAT]])]
    assert len(times) == 3
    assert all(later - earlier >= 1 for earlier, later in pairwise(times))


def test_over_all_no_second_holds_more_than_its_share(db, monkeypatch):
    taken, take = [], pace._take

    def timed():
        """A thread may stand still after its turn was counted: that was between these two moments."""
        before = time.monotonic()
        wait = take()
        if wait <= 0:
            taken.append((before, time.monotonic()))
        return wait

    monkeypatch.setattr(pace, "_take", timed)
    assert len(sent([range(1, 31), range(101, 131)])) == len(taken) == 60
    for begin, _ in taken:
        assert sum(begin <= before and after < begin + 1 for before, after in taken) <= pace.PER_SECOND


def test_who_has_no_patience_is_told_how_long(db, monkeypatch):
    monkeypatch.setattr(pace, "CHAT_SECONDS", 3600)
    with pace.turn(CHAT, patience=0):
        pass
    with pytest.raises(pace.Busy) as busy, pace.turn(CHAT, patience=0):
        pass
    assert 0 < busy.value.seconds <= pace.CHAT_SECONDS


def test_a_chat_on_hold_is_left_alone_and_others_are_not(db):
    pace.hold(CHAT, 3600)
    with pytest.raises(pace.Busy) as busy, pace.turn(CHAT, patience=0):
        pass
    assert 3000 < busy.value.seconds <= 3600
    with pace.turn(CHAT + 1, patience=0):
        pass


def test_a_message_that_failed_frees_its_chat_after_the_second(db):
    with pytest.raises(ValueError, match="no"), pace.turn(CHAT, patience=0):
        raise ValueError("no")
    with pace.turn(CHAT, patience=60):
        pass


def test_without_redis_nothing_goes_out(monkeypatch):
    class Away:
        def set(self, *_, **__):
            raise RedisAway

    monkeypatch.setattr(pace, "_redis", Away)
    with pytest.raises(pace.Busy), pace.turn(CHAT):
        pytest.fail("it was sent")
