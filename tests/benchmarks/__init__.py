"""Benchmarks, run by hand; docs/benchmarks.md keeps what they printed."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "health_platform.settings.test")
django.setup()
