from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "hengneng.accounts"
    label = "accounts"
