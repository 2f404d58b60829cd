"""The events on the wire: private by design, compatible within a version, readable by any library."""
