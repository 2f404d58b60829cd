"""Plans' pages."""

from services.plans.pages import overview, plan, writing

routers = (overview.router, writing.router, plan.router)
"""In this order: `/plans/mine` before `/plans/{id}`."""

__all__ = ["routers"]
