import redis
from django.conf import settings

from autogrid_project.services.launch import answers, has_prices, price_key, welcome
from marketdata.bus import channel_of


def test_the_demo_waits_for_the_key_that_the_collector_writes():
    assert price_key(settings.REDIS_URL) == channel_of("binance", "BTC/USDT")


def test_prices_are_up_once_there_is_one():
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete(price_key(settings.REDIS_URL))
        assert not has_prices(settings.REDIS_URL)
        client.set(price_key(settings.REDIS_URL), "1")
        assert has_prices(settings.REDIS_URL)
        client.delete(price_key(settings.REDIS_URL))
    assert not has_prices("redis://127.0.0.1:1/0")


def test_an_address_where_nobody_listens_does_not_answer():
    assert not answers("http://127.0.0.1:1/readyz")


def test_the_demo_is_welcomed_with_its_login(home):
    facts = {"command": "demo", "url": "http://127.0.0.1:8000", "port": 8000}
    home.write("demo.json", {"email": "demo@autogrid.example", "password": "shown"})
    text = welcome(home, facts)
    assert "http://127.0.0.1:8000" in text
    assert "demo@autogrid.example with the password shown" in text
    assert "http://127.0.0.1:8001/" in text
    assert welcome(home, {**facts, "command": "up"}) == "AutoGrid is up: http://127.0.0.1:8000"
