"""Keeps the pages free of other hosts: Jupyter Book loads sphinx-thebe, whose script comes from one."""

from sphinx.application import Sphinx


def remove_thebe(app: Sphinx, config: object) -> None:
    """Forget everything that sphinx-thebe has registered, as if it had never been loaded."""
    for event, listeners in app.events.listeners.items():
        app.events.listeners[event] = [
            listener for listener in listeners if listener.handler.__module__ != "sphinx_thebe"
        ]
    app.registry.css_files = [file for file in app.registry.css_files if "thebe" not in file[0]]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the event."""
    app.connect("config-inited", remove_thebe, priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
