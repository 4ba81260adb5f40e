from django.apps import AppConfig


class ActsConfig(AppConfig):
    name = "hengneng.acts"
    label = "acts"
