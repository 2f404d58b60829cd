"""The settings of requests: how large they may be."""

from pydantic import Field

from services.chassis.runtime.settings.environment import FromEnvironment


class HttpSettings(FromEnvironment):
    """What a process accepts over HTTP."""

    body_limit: int = Field(
        default=65_536, ge=1024, description="Largest request body, in bytes; imports have their own."
    )
    import_limit: int = Field(
        default=268_435_456, ge=1024, description="Largest body of one import request, in bytes; it is streamed."
    )
