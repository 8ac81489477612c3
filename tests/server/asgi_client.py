"""An application asked without a socket, by httpx."""

import anyio
import httpx


class AsgiClient:
    """Asks an ASGI application in this process; what it raises becomes its answer to errors, as in a server."""

    def __init__(self, app, base_url="http://127.0.0.1:5001"):
        self._app = app
        self._base_url = base_url

    def request(self, method, path, **options):
        async def answer():
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=self._base_url) as client:
                return await client.request(method, path, **options)

        return anyio.run(answer)

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)
