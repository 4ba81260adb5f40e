from django.apps import AppConfig


class DevicesConfig(AppConfig):
    name = "hengneng.devices"
    label = "devices"
