#!/usr/bin/env python3
"""Django's command line: with the settings of the environment, of this checkout's running demo, or the city's."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

from health_platform.settings.running_demo import adopt

if __name__ == "__main__":
    adopt()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "health_platform.settings.production")
    execute_from_command_line(sys.argv)
