"""Paths of the Open Inference Protocol; the root address plan includes them without a prefix."""

from django.urls import re_path

from inference.views import open_inference

urlpatterns = [re_path(r"^v2(?:/.*)?$", open_inference)]
