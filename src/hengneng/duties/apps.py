from django.apps import AppConfig


class DutiesConfig(AppConfig):
    name = "hengneng.duties"
    label = "duties"

    def ready(self) -> None:
        """Make the duties of every plan that is loaded."""
        from hengneng.duties.making import duties_of_loaded_plan
        from hengneng.registry.signals import plan_loaded

        plan_loaded.connect(duties_of_loaded_plan, dispatch_uid="duties")
