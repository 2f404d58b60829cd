"""Plans' pages."""

from services.plans.pages import overview, own_part, person, plan, writing

routers = (overview.router, own_part.router, person.router, writing.router, plan.router)
"""In this order: `/plans/mine` and `/plans/mine/part` before `/plans/{id}`."""

__all__ = ["routers"]
