"""Settings, from environment variables that start with `CEFO_`. Each is described where it stands, for
docs/settings.md too.
"""

from services.chassis.runtime.settings.connections import LOOPBACK, names
from services.chassis.runtime.settings.environment import FromEnvironment, as_markdown
from services.chassis.runtime.settings.process import Settings

__all__ = ["LOOPBACK", "FromEnvironment", "Settings", "as_markdown", "names"]
