"""Impact's pages: the public figures, the exact ones, and the log of who read those."""

from services.impact.pages import exact, log, public

routers = (public.router, exact.router, log.router)
