"""What every process runs on."""
