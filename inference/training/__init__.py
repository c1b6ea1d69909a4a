"""Builds the served models. The server never imports this package; `manage.py build_models` does."""
