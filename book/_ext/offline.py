"""Keeps the pages free of other hosts, and repairs what the theme leaves inaccessible."""

from sphinx.application import Sphinx


def remove_thebe(app: Sphinx, config: object) -> None:
    """Jupyter Book loads sphinx-thebe, whose script comes from another host: forget its handlers."""
    for event, listeners in app.events.listeners.items():
        app.events.listeners[event] = [
            listener for listener in listeners if listener.handler.__module__ != "sphinx_thebe"
        ]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the events."""
    app.connect("config-inited", remove_thebe, priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
