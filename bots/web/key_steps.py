"""How a key that bots can use, and thieves cannot, is made at each exchange: the words are those of its own pages."""

STEPS = {
    "binance": [
        "Open Account, then API Management, and create a “System generated” API key.",
        "Press “Edit restrictions”. Leave “Enable Reading” on and tick “Enable Spot & Margin Trading”. Leave “Enable "
        "Withdrawals” and all transfers off.",
        "Choose “Restrict access to trusted IPs only” and enter this server's address.",
        "Save, and copy key and secret. The secret is shown only once.",
    ],
    "bybit": [
        "Open Account & Security, then API Management, and create a “System-generated” key for API transactions.",
        "Choose “Read-Write” and tick only the trading of Spot. Tick nothing under Assets or Wallet.",
        "Choose “Only IPs with permissions granted” and enter this server's address: without one the key ends after "
        "three months.",
        "Submit, and copy key and secret. The secret is shown only once.",
    ],
    "mexc": [
        "Open your profile, then API Management.",
        "Under Spot tick reading the account and trading. Leave withdrawal and transfer off.",
        "Link this server's address: without one the key ends after 90 days.",
        "Create, and copy access key and secret key. The secret is shown only once.",
    ],
    "okx": [
        "Open your profile, then API, and create a V5 API key for API trading.",
        "Tick Read and Trade. Leave Withdraw off.",
        "Enter this server's address as its IP: without one a key that may trade ends after 14 days.",
        "Choose a passphrase, which is asked for here too, and copy key and secret.",
    ],
}


def steps_for(exchange: str, mode: str) -> list[str]:
    """None for paper, which needs no key, and for testnets, which are other sites."""
    return STEPS.get(exchange, []) if mode == "live" else []
