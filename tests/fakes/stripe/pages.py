"""The pages of checkout and portal: plain, for people and for a browser that a test drives."""

from html import escape

from tests.fakes.stripe import customers, portal, subscriptions
from tests.fakes.stripe.books import Books, Object

_STYLE = "body{font:16px/1.5 system-ui;max-width:32rem;margin:3rem auto;padding:0 1rem;color:#1a1f36}"
_STYLE += "form{margin:1rem 0;padding:1rem;border:1px solid #d5dbe1;border-radius:8px}button,input,select{font:inherit;"
_STYLE += "padding:.4rem .7rem}.error{color:#a41c4e}label{display:block;margin-bottom:.5rem}"
CARDS = (
    (customers.GOOD, "pays"),
    (customers.DECLINED, "is declined"),
    (customers.THREE_D_SECURE, "asks for 3-D Secure"),
    (customers.FAILS_LATER, "fails at the next renewal"),
)


def page(title: str, body: str, error: str = "") -> str:
    told = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    note = "<p><small>A stand-in for Stripe: no money moves.</small></p>"
    return (
        f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1>{told}{body}{note}</body></html>"
    )


def money(cents: int) -> str:
    return f"${cents / 100:,.2f}"


def priced(books: Books, price: Object) -> str:
    name = books.objects[price["product"]]["name"]
    return f"{escape(name)}, {money(price['unit_amount'])} a {price['recurring']['interval']}"


def checkout_page(books: Books, session: Object, error: str = "") -> str:
    if session["status"] != "open":
        return page("Checkout", "<p>This checkout is no longer open.</p>")
    price, _ = books.hidden[session["id"]]
    back = f'<p><a href="{escape(session["cancel_url"])}">Back</a></p>' if session["cancel_url"] else ""
    return page("Checkout", f"<p>{priced(books, price)}</p>{_card_form('Subscribe')}{back}", error)


def authentication_page(number: str) -> str:
    kept = f'<input type="hidden" name="number" value="{escape(number)}">'
    body = f'<form method="post">{kept}<p>Your bank wants to know that it is you.</p>'
    body += '<button name="bank" value="complete">Complete</button> '
    body += '<button name="bank" value="fail">Fail</button></form>'
    return page("3-D Secure", body)


def portal_page(books: Books, session: Object, error: str = "") -> str:
    row = portal.current(books, session)
    parts = [
        _plan_forms(books, row) if row else "<p>You have no subscription.</p>",
        _card_form("Save card", "card"),
    ]
    parts += [_invoices(books, session["customer"])]
    if session["return_url"]:
        parts.append(f'<p><a href="{escape(session["return_url"])}">Return to AutoGrid</a></p>')
    return page("Billing", "".join(parts), error)


def _plan_forms(books: Books, row: Object) -> str:
    now = subscriptions.item_of(row)["price"]
    others = [price for price in books.all("price", active=True) if price["id"] != now["id"]]
    options = "".join(f'<option value="{price["id"]}">{priced(books, price)}</option>' for price in others)
    do = "keep" if row["cancel_at_period_end"] else "cancel"
    words = "Keep the subscription" if row["cancel_at_period_end"] else "Cancel at the period's end"
    return (
        f"<p>{priced(books, now)}: {row['status'].replace('_', ' ')}</p>"
        f'<form method="post"><label>Another plan <select name="price">{options}</select></label>'
        f'<button name="do" value="price">Change plan</button></form>'
        f'<form method="post"><button name="do" value="{do}">{words}</button></form>'
    )


def _card_form(button: str, do: str = "pay") -> str:
    hints = "".join(f"<option value={number}>{words}</option>" for number, words in CARDS)
    return (
        '<form method="post"><label>Card number <input name="number" inputmode="numeric" autocomplete="cc-number" '
        f'list="cards" value="{customers.GOOD}" required></label><datalist id="cards">{hints}</datalist>'
        f'<button name="do" value="{do}">{button}</button></form>'
    )


def _invoices(books: Books, customer: str) -> str:
    rows = books.all("invoice", customer=customer)
    return "".join(f"<p>{row['number']}: {money(row['total'])}, {row['status']}</p>" for row in rows)
