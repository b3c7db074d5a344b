"""Chat and push services through Apprise, which knows how each wants to be spoken to.

Only services that are reached by HTTP alone are offered: others of Apprise's run programs, read files or speak to this
machine's desktop. Apprise is imported when it is needed; it is large.
"""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bots.services import outward
from bots.services.guarding import guarded
from bots.services.outward import NotAllowed

# Services at addresses of their own.
HOSTED = {
    *(
        "discord",
        "slack",
        "gchat",
        "workflow",
        "workflows",
        "webex",
        "wxteams",
        "zulip",
        "flock",
        "lark",
        "line",
    ),
    *("pover", "pbul", "prowl", "join", "ifttt", "opsgenie", "pagerduty"),
}
# Services that people run themselves: the host is the user's word.
SELF_HOSTED = {
    *("ntfy", "ntfys", "gotify", "gotifys", "mmost", "mmosts", "rocket", "rockets", "bark", "barks"),
    *("nctalk", "nctalks", "synology", "synologys"),
}
# Arguments that name files of the server, or what the server should fetch.
FORBIDDEN = {"template", "attach", "attachment", "avatar_file", "include"}
SECONDS = 5.0


def service_of(url: str) -> str:
    """The service's name, for people. Raises NotAllowed."""
    scheme = urlsplit(url).scheme.lower() if url.isprintable() else ""
    if scheme not in HOSTED | SELF_HOSTED:
        raise NotAllowed("Give an Apprise URL such as discord://, slack://, ntfys:// or gotifys://.")
    if named := FORBIDDEN & {name.lower().strip() for name, _ in parse_qsl(urlsplit(url).query)}:
        raise NotAllowed(f"Leave {', '.join(sorted(named))} out of the URL.")
    service = _service(url)
    if service is None:
        raise NotAllowed("Something is missing in this URL: compare it with what the service gave you.")
    name = str(service.service_name)
    if scheme not in SELF_HOSTED:
        return name
    host = str(service.host or "").strip("[]")
    return f"{name} at {host}" if _is_known(host, service.port or 443) else name


def send(url: str, title: str, body: str) -> None:
    """Raises NotAllowed, or OSError where the service did not take it."""
    from apprise import NotifyFormat

    service = _service(url)
    if service is None:
        raise NotAllowed("The URL is not understood any more.")
    with guarded():
        taken = service.notify(title=title, body=body, body_format=NotifyFormat.TEXT)
    if not taken:
        raise OSError(f"{service.service_name} did not take it.")


def _is_known(host: str, port: int) -> bool:
    """A name that is not known may be a topic (ntfy://topic). What is connected to is looked at in any case."""
    try:
        outward.checked(host, port)
    except OSError:
        return False
    return True


def _service(url: str) -> Any:
    """None where Apprise does not understand the URL. Time-outs and redirects are ours to say, not the URL's."""
    from apprise import Apprise, AppriseAsset, PersistentStoreMode

    asset = AppriseAsset(
        http_redirects=False, storage_mode=PersistentStoreMode.MEMORY, app_id="AutoGrid", app_desc="AutoGrid"
    )
    service = Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if service:
        service.redirects = False
        service.verify_certificate = True
        service.socket_connect_timeout = service.socket_read_timeout = SECONDS
    return service
