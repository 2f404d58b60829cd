"""What pages, streams and lists ask of stores that years have filled."""
