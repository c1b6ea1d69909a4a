from django.apps import AppConfig


class InferenceConfig(AppConfig):
    name = "inference"
    label = "inference"

    def ready(self) -> None:
        from inference import registry, tasks
        from inference.runtime.onnx import refuse_two_distributions

        refuse_two_distributions()
        registry.refuse_to_start_without_provider()
        tasks.register()
