"""The table of REST endpoints: each is a function of what was asked, and answers the `data`."""

from exchanges.simulator import endpoints
from exchanges.simulator.errors import Refused
from exchanges.simulator.okx.errors import bad_parameter, refusal
from exchanges.simulator.okx.ids import SYMBOLS, order_number
from exchanges.simulator.orders import Order
from exchanges.simulator.venue import Venue


class Call(endpoints.AnyCall):
    __slots__ = ()

    def unsigned(self) -> Refused:
        return refusal(50111, "Invalid OK-ACCESS-KEY")

    def missing(self, name: str) -> Refused:
        return bad_parameter(name)

    def malformed(self, name: str) -> Refused:
        return bad_parameter(name)

    @property
    def is_spot(self) -> bool:
        """OKX's other types list nothing here."""
        return self.parameters.get("instType", "SPOT") == "SPOT"

    def symbol(self) -> str | None:
        """Of instId, where one is given."""
        if not self.parameters.get("instId"):
            return None
        if found := SYMBOLS.get(self.text("instId")):
            return found
        raise refusal(51001, "Instrument ID does not exist")

    def venue(self) -> Venue:
        return self.exchange.venue(self.symbol() or self.text("instId"))

    def order(self, missing: int = 51003) -> Order | None:
        """By either id; the exchange's own goes first."""
        text, client_id = self.parameters.get("ordId"), self.parameters.get("clOrdId")
        if not (text or client_id):
            raise refusal(missing, "Either client order ID or order ID is required")
        number = (order_number(text) or 0) if text else None
        symbol = self.venue().rules.symbol
        return self.exchange.find_order(self.key.uid, symbol, number, None if text else client_id)


Endpoint = endpoints.Endpoint[Call]
ENDPOINTS: endpoints.Endpoints[Call] = endpoints.Endpoints("/api/v5")
endpoint = ENDPOINTS.endpoint
