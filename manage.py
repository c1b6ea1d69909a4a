#!/usr/bin/env python3
"""Django's command line. DJANGO_SETTINGS_MODULE chooses the settings; the city's are the default."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "health_platform.settings.production")
    execute_from_command_line(sys.argv)
