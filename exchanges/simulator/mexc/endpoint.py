"""The table of REST endpoints: each is a function of what was asked, with what it weighs."""

from exchanges.simulator import endpoints
from exchanges.simulator.errors import Refused
from exchanges.simulator.mexc.errors import illegal, missing
from exchanges.simulator.mexc.ids import order_number
from exchanges.simulator.venue import Venue

OrderIds = tuple[int | None, str | None]


class Call(endpoints.AnyCall):
    __slots__ = ()

    def unsigned(self) -> Refused:
        return Refused(700001, "API-key format invalid.")

    def missing(self, name: str) -> Refused:
        return missing(name)

    def malformed(self, name: str) -> Refused:
        return illegal(name)

    def venue(self) -> Venue:
        return self.exchange.venue(self.text("symbol"))

    def order_ids(self) -> OrderIds:
        """The exchange's own goes first; 0 is nobody's."""
        text, client_id = self.parameters.get("orderId"), self.parameters.get("origClientOrderId")
        if not (text or client_id):
            raise Refused(
                700004, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
            )
        return (order_number(text) or 0, None) if text else (None, client_id)


Endpoint = endpoints.Endpoint[Call]
ENDPOINTS: endpoints.Endpoints[Call] = endpoints.Endpoints()
endpoint = ENDPOINTS.endpoint
