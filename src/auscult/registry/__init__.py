"""Bundles in a container registry, as OCI artifacts: `push` one, `pull` one into the cache, pinned by its digest."""

from auscult.registry.client import RegistryClient
from auscult.registry.credentials import Login
from auscult.registry.pull import pull
from auscult.registry.push import push
from auscult.registry.reference import SCHEME, Reference

__all__ = ["SCHEME", "Login", "Reference", "RegistryClient", "pull", "push"]
