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
    redis = Redis.from_url(settings.REDIS_URL)
    for key in redis.scan_iter("telegram:*"):
        redis.delete(key)
    redis.close()


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


def test_over_all_no_second_holds_more_than_its_share(db):
    times = [when for when, _ in sent([range(1, 31), range(101, 131)])]
    assert len(times) == 60
    assert all(later - earlier >= 1 for earlier, later in zip(times, times[pace.PER_SECOND :], strict=False))


def test_who_has_no_patience_is_told_how_long(db):
    with pace.turn(CHAT, patience=0):
        pass
    with pytest.raises(pace.Busy) as busy, pace.turn(CHAT, patience=0):
        pass
    assert 0 < busy.value.seconds <= pace.CHAT_SECONDS


def test_a_chat_on_hold_is_left_alone_and_others_are_not(db):
    pace.hold(CHAT, 30)
    with pytest.raises(pace.Busy) as busy, pace.turn(CHAT, patience=0):
        pass
    assert 25 < busy.value.seconds <= 30
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
