from django.apps import AppConfig


class CitizenAppApiConfig(AppConfig):
    name = "citizen_app_api"
    label = "citizen_app_api"
