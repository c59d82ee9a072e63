"""Jinja templates: ours, and those that a team puts in their place. What users wrote is escaped in HTML."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined
from jinja2 import TemplateError as JinjaError
from jinja2.sandbox import SandboxedEnvironment

from socialpub.errors import TemplateError

_PACKAGE = Path(__file__).resolve().parent.parent.parent


@cache
def shipped_folder() -> Path:
    """`include/templates` of a checkout, `socialpub/templates` of an installed wheel."""
    installed = _PACKAGE / "templates"
    return installed if installed.is_dir() else _PACKAGE.parent.parent / "include" / "templates"


class Templates:
    """Files of `own_folder` come before ours of the same name."""

    def __init__(self, own_folder: Path | None = None) -> None:
        folders = [folder for folder in (own_folder, shipped_folder()) if folder]
        self._environment = SandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            autoescape=lambda name: bool(name and name.endswith(".html.j2")),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(self, name: str, **values: object) -> str:
        """Raises `TemplateError` naming the file and what is wrong with it."""
        try:
            return self._environment.get_template(name).render(**values)
        except (JinjaError, TypeError, AttributeError, ValueError) as error:
            line = getattr(error, "lineno", None)
            where = f", line {line}" if line else ""
            raise TemplateError(
                f"Template {getattr(error, 'name', None) or name}{where}: {error}.",
                next_step="correct the file in SOCIALPUB_TEMPLATES_FOLDER, or remove it to get ours back.",
            ) from error
