"""One process that streams the exchanges: prices to the bus, closed minutes to the table."""
