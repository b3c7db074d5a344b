"""The table of REST endpoints: each is a function of what was asked, and answers the `result`."""

from exchanges.simulator import endpoints
from exchanges.simulator.bybit.errors import bad_parameter, refusal
from exchanges.simulator.errors import Refused
from exchanges.simulator.venue import Venue


class Call(endpoints.AnyCall):
    __slots__ = ()

    def unsigned(self) -> Refused:
        return refusal(10003, "API key is invalid.")

    def missing(self, name: str) -> Refused:
        return bad_parameter(f"{name} is required")

    def malformed(self, name: str) -> Refused:
        return bad_parameter(name)

    @property
    def is_spot(self) -> bool:
        """Bybit's other categories list nothing here."""
        return self.text("category") == "spot"

    def venue(self) -> Venue:
        found = self.exchange.venues.get(self.text("symbol"))
        if found is None:
            raise bad_parameter("symbol invalid")
        return found


Endpoint = endpoints.Endpoint[Call]
ENDPOINTS: endpoints.Endpoints[Call] = endpoints.Endpoints()
endpoint = ENDPOINTS.endpoint
