from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "health_platform.accounts"
    label = "accounts"
