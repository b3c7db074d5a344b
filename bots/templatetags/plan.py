"""What a page says of the user's plan. Self-hosted: nothing."""

from typing import Any

from django import template

from billing import entitlements
from billing.plans import USED, Limit

register = template.Library()


@register.simple_tag
def is_cloud() -> bool:
    return entitlements.is_cloud()


@register.inclusion_tag("billing/_use.html", takes_context=True)
def plan_use(context: dict[str, Any], *limits: Limit) -> dict[str, Any]:
    """How much of these limits is used, before one hits them."""
    if not entitlements.is_cloud():
        return {}
    user = context["request"].user
    uses = [use for use in entitlements.uses_of(user) if use.name in limits]
    shown = [(use, USED[use.name]) for use in uses if use.limit is not None]
    return {"uses": shown, "plan": entitlements.plan_of(user)}
