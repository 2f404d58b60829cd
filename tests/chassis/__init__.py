"""How every service is built, on a service as small as can be."""
