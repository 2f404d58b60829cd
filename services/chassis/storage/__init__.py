"""One store per service: the one commit, the connections, rows in bulk, migrations, retention."""
