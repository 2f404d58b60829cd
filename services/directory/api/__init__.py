"""The directory's JSON API."""

from services.directory.api import centres, feed, imports, places, providers, referrals, taxonomies, tokens
from services.directory.api.imports import IMPORT_PATHS

routers = (
    centres.router,
    imports.router,
    providers.router,
    places.router,
    taxonomies.router,
    referrals.router,
    feed.router,
    tokens.router,
)

__all__ = ["IMPORT_PATHS", "routers"]
