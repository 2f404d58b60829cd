"""Pages, forms, streams and endpoints of the sample service."""
