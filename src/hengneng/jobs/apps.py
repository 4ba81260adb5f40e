from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "hengneng.jobs"
    label = "jobs"
