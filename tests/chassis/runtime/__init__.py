"""Tests of services/chassis/runtime."""
