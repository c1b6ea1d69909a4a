from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "health_platform.demo"
    label = "demo"
