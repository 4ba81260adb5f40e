from django.apps import AppConfig


class KeyUnitItemsConfig(AppConfig):
    name = "hengneng.key_unit_items"
    label = "key_unit_items"
