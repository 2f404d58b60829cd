"""Providers as objects of HSDS 3: their models, and the import that keeps them whole.

What the directory searches, shows and changes becomes columns. Everything else of an object is kept beside them as it
came, in the column `hsds`, and comes out again.
"""

from services.directory.actions.hsds.importing import (
    Check,
    checks_of,
    import_organization,
    import_service,
    owner_of,
)

__all__ = ["Check", "checks_of", "import_organization", "import_service", "owner_of"]
