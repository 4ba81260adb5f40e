from django.apps import AppConfig


class MeteringConfig(AppConfig):
    name = "hengneng.metering"
    label = "metering"
