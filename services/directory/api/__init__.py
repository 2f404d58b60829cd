"""The directory's JSON API."""

from services.directory.api import centres, feed, providers, referrals

routers = (centres.router, providers.router, referrals.router, feed.router)

__all__ = ["routers"]
