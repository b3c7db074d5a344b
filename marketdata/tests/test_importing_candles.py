import gzip
import time
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from bots.core.types import Candle
from marketdata import candle_files
from marketdata.candle_files import UnreadableFile
from marketdata.columns import SCALE, aggregate, finest, read
from marketdata.importing import import_file
from marketdata.models import CandleMonth
from marketdata.selectors import candles
from marketdata.services import store_candles
from marketdata.tests.market import MINUTE, NOON, candle, minutes
from marketdata.validation import fault

pytestmark = pytest.mark.django_db
MARKET: dict[str, Any] = {"exchange": "binance", "symbol": "BTC/USDT"}
HEADER = "time,open,high,low,close,volume\n"
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    settings.HOME = tmp_path / "home"
    return tmp_path


def line(at: int | str, rest: str = "100,110,90,105,1.5") -> str:
    return f"{at},{rest}\n"


def file(home: Path, text: str, name: str = "candles.csv") -> Path:
    path = home / name
    path.write_text(text)
    return path


def imported(path: Path, timeframe: str = "1m") -> Any:
    return import_file(path, **MARKET, timeframe=timeframe)


def stored() -> list[int]:
    return [each.time for each in candles(**MARKET, timeframe="1m")]


def test_a_csv_file_comes_in_to_the_last_digit(home: Path) -> None:
    report = imported(file(home, HEADER + line(NOON, "0.00000001,9999999999.99999999,0.00000001,7,0.5")))
    assert (report.rows, report.stored, report.rejected, report.gaps) == (1, 1, {}, [])
    (found,) = candles(**MARKET, timeframe="1m")
    numbers = ("0.00000001", "9999999999.99999999", "0.00000001", "7", "0.5")
    assert found == Candle(NOON, *map(Decimal, numbers))


@pytest.mark.parametrize(
    "written",
    [str(NOON), f"{NOON}000", "iso", "iso z", "iso zone", "iso blank"],
)
def test_times_are_ms_or_the_archives_microseconds_or_iso(home: Path, written: str) -> None:
    noon = datetime.fromtimestamp(NOON / 1000, UTC)
    forms = {
        "iso": f"{noon:%Y-%m-%dT%H:%M:%S}",
        "iso z": f"{noon:%Y-%m-%dT%H:%M:%SZ}",
        "iso zone": f"{noon.replace(hour=noon.hour + 1):%Y-%m-%dT%H:%M:%S}+01:00",
        "iso blank": f"{noon:%Y-%m-%d %H:%M}",
    }
    imported(file(home, HEADER + line(forms.get(written, written))))
    assert stored() == [NOON]


def test_a_gzipped_file_and_the_archives_zip_come_in(home: Path) -> None:
    packed = home / "candles.csv.gz"
    packed.write_bytes(gzip.compress((HEADER + line(NOON)).encode()))
    imported(packed)
    archive = home / "BTCUSDT-1m-2024-01.zip"
    with zipfile.ZipFile(archive, "w") as out:
        row = f"{NOON + MINUTE}000,100,110,90,105,1.5,{NOON + 2 * MINUTE}000,150,3,0.5,50,0\n"
        out.writestr("BTCUSDT-1m-2024-01.csv", row)
    imported(archive)
    assert stored() == [NOON, NOON + MINUTE]


def test_a_file_is_read_a_part_at_a_time_and_the_last_of_two_rows_counts(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candle_files, "_BLOCK", 10)
    rows = [
        line(NOON + MINUTE),
        line("x"),
        f"{NOON},1\n",
        line(NOON),
        line(NOON + MINUTE, "1,1,1,1,1").strip(),
    ]
    report = imported(file(home, "\ufeff" + HEADER + "".join(rows)))
    assert (report.rows, report.rejected["given twice"], report.rejected.total()) == (5, 1, 3)
    assert [each.close for each in candles(**MARKET, timeframe="1m")] == [Decimal(105), Decimal(1)]


def test_bad_rows_are_counted_by_reason_and_never_taken(home: Path) -> None:
    rows = [
        line(NOON),
        line(NOON + 20_799),
        line("yesterday"),
        line(NOON + MINUTE, "100,99,90,95,1"),
        line(NOON + MINUTE, "100,110,101,105,1"),
        line(NOON + MINUTE, "100,110,NaN,105,1"),
        line(NOON + MINUTE, "100,110,90,105,-1"),
        line(NOON + MINUTE, "100,110"),
        line(60_000),
        line((int(time.time() * 1000) // MINUTE + 60) * MINUTE),
        line(NOON),
    ]
    report = imported(file(home, HEADER + "".join(rows)))
    assert stored() == [NOON]
    assert (report.rows, report.stored) == (len(rows), 1)
    assert report.rejected == {
        "not on the minute": 1,
        "time not ms or ISO 8601": 1,
        "high below open, close or low": 1,
        "low above open or close": 1,
        "price not a positive number of at most 10 digits and 8 decimals": 2,
        "volume not a number of at most 16 digits and 8 decimals, zero or more": 1,
        "not closed yet, or before 2009": 2,
        "given twice": 1,
    }


WHERE = {name: number for number, name in enumerate(candle_files.COLUMNS)}
_NUMBERS = st.sampled_from(["1", "2", "3.5", "0", "-1", "NaN", "1.123456789", "1.100000000", "12345678901"])


@given(*[_NUMBERS] * 5)
def test_a_file_is_judged_as_the_exchanges_candles_are(o: str, h: str, low: str, c: str, v: str) -> None:
    """`validation.fault` and the columns' rules are one set of rules."""
    row = candle_files._frame(f"{NOON},{o},{h},{low},{c},{v}\n".encode(), 6, WHERE)
    found = candle_files.judged(row, MINUTE, NOON + 10 * MINUTE)["why"].to_list()
    why = fault(Candle(NOON, *map(Decimal, (o, h, low, c, v))), NOON + 10 * MINUTE)
    assert found == [why or None]


def test_holes_are_reported(home: Path) -> None:
    report = imported(file(home, HEADER + line(NOON) + line(NOON + 3 * MINUTE)))
    assert report.gaps == [(NOON + MINUTE, NOON + 3 * MINUTE)]


@pytest.mark.parametrize(
    "text", ["", HEADER, "when,what\n1,2\n", "1704067200000,1,2\n", "time,open,high,low,close\n1,1,1,1,1\n"]
)
def test_a_file_of_something_else_is_refused_with_a_sentence(home: Path, text: str) -> None:
    with pytest.raises(UnreadableFile):
        imported(file(home, text))
    assert stored() == []


def test_an_import_twice_stores_nothing_twice_and_overwrites_its_minutes(home: Path) -> None:
    store_candles(**MARKET, candles=minutes(NOON, 3))
    path = file(home, HEADER + line(NOON + MINUTE, "100,110,90,101,2"))
    imported(path)
    version = CandleMonth.objects.get().version
    imported(path)
    assert CandleMonth.objects.get().version == version, "nothing was written again"
    assert [each.close for each in candles(**MARKET, timeframe="1m")] == [
        minutes(NOON, 1)[0].close,
        Decimal(101),
        minutes(NOON, 3)[2].close,
    ]


def test_the_command_tells_what_it_did(home: Path) -> None:
    path, out = file(home, HEADER + line(NOON) + line(NOON + 2 * MINUTE) + line("x")), StringIO()
    call_command("import_candles", str(path), symbol="btc/usdt", stdout=out)
    told = out.getvalue()
    assert "3 rows, 2 stored" in told
    assert "time not ms or ISO 8601: 1" in told
    assert "missing from" in told
    assert "2 candles of BTC/USDT 1m on binance are stored." in told


@pytest.mark.parametrize(
    ("name", "symbol", "says"),
    [("none.csv", "BTC/USDT", "no such file"), ("candles.csv", "BTCUSDT", "--symbol must be like BTC/USDT")],
)
def test_the_command_refuses_with_a_sentence(home: Path, name: str, symbol: str, says: str) -> None:
    file(home, HEADER + line(NOON))
    with pytest.raises(CommandError, match=says):
        call_command("import_candles", str(home / name), symbol=symbol)


# Columns


def columns(start: int = NOON, end: int = NOON + 3_600_000, timeframe: str = "1m") -> Any:
    return read(**MARKET, timeframe=timeframe, start=start, end=end)


def test_columns_are_what_is_stored() -> None:
    given = [candle(NOON, close="101.12345678"), candle(NOON + MINUTE), candle(NOON + 5 * MINUTE)]
    store_candles(**MARKET, candles=given)
    found = columns(end=NOON + 5 * MINUTE)
    assert found.time.tolist() == [NOON, NOON + MINUTE]
    assert found.close.tolist() == [int(each.close * SCALE) for each in given[:2]]
    assert found.volume.tolist() == [float(each.volume) for each in given[:2]]


def test_a_month_is_read_from_its_file_until_somebody_writes(django_assert_num_queries: Any) -> None:
    store_candles(**MARKET, candles=minutes(NOON, 2))
    first = columns()
    with django_assert_num_queries(1):
        assert columns().time.tolist() == first.time.tolist()
    store_candles(**MARKET, candles=[candle(NOON, close="109")])
    assert columns().close[0] == 109 * SCALE


def test_a_file_that_was_cut_short_is_read_anew(settings: Any) -> None:
    store_candles(**MARKET, candles=minutes(NOON, 2))
    columns()
    (kept,) = settings.HOME.rglob("*.npy")
    kept.write_bytes(kept.read_bytes()[:200])
    assert len(columns()) == 2


def test_columns_cross_months_and_end_where_asked() -> None:
    new_year = 1_704_067_200_000
    store_candles(**MARKET, candles=minutes(new_year - 2 * MINUTE, 4))
    assert columns(new_year - MINUTE, new_year + MINUTE).time.tolist() == [new_year - MINUTE, new_year]
    assert len(columns(new_year, new_year)) == 0


def test_longer_candles_are_made_of_shorter_ones_as_the_database_makes_them() -> None:
    store_candles(**MARKET, candles=[*minutes(NOON, 7), *minutes(NOON + 11 * MINUTE, 3)])
    made = aggregate(columns(), 5 * MINUTE)
    wanted = candles(**MARKET, timeframe="5m")
    for name in ("open", "high", "low", "close"):
        assert getattr(made, name).tolist() == [int(getattr(each, name) * SCALE) for each in wanted]
    assert made.time.tolist() == [each.time for each in wanted]
    assert made.volume.tolist() == [float(each.volume) for each in wanted]


def test_a_market_without_minutes_has_what_was_imported(home: Path) -> None:
    imported(file(home, HEADER + line(NOON) + line(NOON + 3_600_000)), "1h")
    assert finest(**MARKET, start=NOON, end=NOON + 7_200_000) == "1h"
    assert len(columns(end=NOON + 7_200_000, timeframe="1h")) == 2
    assert finest(exchange="binance", symbol="ETH/USDT", start=NOON, end=NOON + 1) is None


@pytest.mark.skipif(not DATA.exists(), reason="the real candles are not on this machine")
def test_the_archives_own_faults_are_found(home: Path) -> None:
    report = imported(DATA / "binance_spot_BTCUSDT_1m_2017-12_dirty.csv.gz")
    assert (report.rows, report.stored) == (44_564, 24_163)
    assert report.rejected == {"not on the minute": 20_401}
    assert len(report.gaps) == 2
