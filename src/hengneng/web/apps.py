from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "hengneng.web"
    label = "web"
