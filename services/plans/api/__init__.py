"""Plans' JSON API."""

from services.plans.api.routes import router

__all__ = ["router"]
