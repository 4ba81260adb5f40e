from django.apps import AppConfig


class StandingConfig(AppConfig):
    name = "hengneng.standing"
    label = "standing"
