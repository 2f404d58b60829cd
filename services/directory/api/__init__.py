"""The directory's JSON API."""

from services.directory.api import centres, feed, providers, referrals, tokens

routers = (centres.router, providers.router, referrals.router, feed.router, tokens.router)

__all__ = ["routers"]
