from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "hengneng.monitoring"
    label = "monitoring"
