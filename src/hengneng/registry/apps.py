from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "hengneng.registry"
    label = "registry"
