"""A bundle -> an image that serves it.

``Dockerfile``, ``constraints.txt`` and ``dockerignore`` beside this file are links to those that a clone is built with.
"""

from auscult.shipping.build_context import write_build_context
from auscult.shipping.builder import Builder, check_tag, find_builder

__all__ = ["Builder", "check_tag", "find_builder", "write_build_context"]
