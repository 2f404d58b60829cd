"""Runs a service's migrations on the connection that the chassis gives."""

from alembic import context

from services.chassis.storage.schema_comparison import COMPARISON

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    render_as_batch=True,
    **COMPARISON,
)
with context.begin_transaction():
    context.run_migrations()
