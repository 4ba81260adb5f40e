from django.apps import AppConfig


class FactsConfig(AppConfig):
    name = "hengneng.facts"
    label = "facts"
