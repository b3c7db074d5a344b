from exchanges.simulator import certificates
from exchanges.simulator.certificates import ensure_certificates


def test_certificates_are_made_once(tmp_path):
    first = [path.read_bytes() for path in ensure_certificates(tmp_path)]
    assert [path.read_bytes() for path in ensure_certificates(tmp_path)] == first
    assert (tmp_path / "server.pem").stat().st_mode & 0o77 == 0


def test_an_exchange_that_was_added_renews_them(tmp_path, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr(certificates, "DOMAINS", ("binance.com",))
        first = ensure_certificates(tmp_path)[1].read_bytes()
    assert ensure_certificates(tmp_path)[1].read_bytes() != first
