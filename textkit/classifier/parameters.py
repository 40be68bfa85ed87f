"""Nested parameters for scikit-learn's searches, such as ``settings__epochs`` or ``model__dim``."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

from textkit.classifier.defaults import default_classifier_settings, model_config
from textkit.classifier.settings import ClassifierSettings
from textkit.language_model.language_model import LanguageModel


class NestedParameters:
    """Mixin that exposes the fields of an estimator's frozen dataclasses ``settings`` and ``model`` as parameters."""

    settings: Any
    model: Any
    pretrained: Any

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; with ``deep`` also those of the settings and of the model's config."""
        params: dict[str, Any] = super().get_params(deep=False)  # type: ignore[misc]
        if deep:
            for name, part in (("settings", self.settings), ("model", self.model)):
                if is_dataclass(part):
                    params |= {f"{name}__{field.name}": getattr(part, field.name) for field in fields(part)}
        return params

    def set_params(self, **params: Any) -> Any:
        """Set parameters; nested ones are written as ``settings__epochs=3`` or ``model__dim=50``.

        Raises:
            ValueError: If a parameter does not exist.
        """
        super().set_params(**{name: value for name, value in params.items() if "__" not in name})  # type: ignore[misc]
        for name in ("model", "settings"):
            inner = {key.removeprefix(f"{name}__"): params[key] for key in params if key.startswith(f"{name}__")}
            if inner:
                # A name or None stands for defaults; settings that are not set here still depend on the model.
                current = model_config(self.model) if name == "model" else self._given_settings()
                if unknown := set(inner) - {field.name for field in fields(current)}:
                    known = ", ".join(field.name for field in fields(current))
                    raise ValueError(f"the parameters of {name} must be among {known}, got {min(unknown)!r}")
                if isinstance(self.model, LanguageModel) and name == "model":
                    self.pretrained = self.model
                setattr(self, name, replace(current, **inner))
        if unknown_keys := [key for key in params if "__" in key and key.split("__")[0] not in ("model", "settings")]:
            raise ValueError(f"parameter must be one of {', '.join(self.get_params())}, got {unknown_keys[0]!r}")
        return self

    def _settings(self) -> ClassifierSettings:
        config = model_config(self.model, vectors=getattr(self, "vectors", None))
        return self._given_settings().completed(default_classifier_settings(config))

    def _given_settings(self) -> ClassifierSettings:
        if self.settings is None:
            return ClassifierSettings()
        if not isinstance(self.settings, ClassifierSettings):
            raise TypeError(
                f"settings must be ClassifierSettings, got {type(self.settings).__name__}; pass None for the defaults"
            )
        return self.settings
