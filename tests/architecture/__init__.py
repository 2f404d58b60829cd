"""What the tree promises, held by tests: layers, routes, settings, files, catalogues, migrations."""
