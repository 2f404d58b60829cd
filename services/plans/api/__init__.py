"""Plans' JSON API."""

from services.plans.api import plans

routers = (plans.router,)
