"""Plans' pages."""

from services.plans.pages import overview, person, plan, writing

routers = (overview.router, person.router, writing.router, plan.router)
"""In this order: `/plans/mine` before `/plans/{id}`."""

__all__ = ["routers"]
