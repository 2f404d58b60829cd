"""The chassis, module by module: `services/chassis/<package>/<module>.py` in `<package>/test_<module>.py`."""
