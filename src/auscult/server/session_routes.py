"""Signing in and out over HTTP."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from auscult.server.access import Access, address_of, remember
from auscult.server.json_body import json_response, read_json


class SignIn(BaseModel):
    """What a person enters."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(max_length=1000)
    who: str = Field(max_length=100)


class Nothing(BaseModel):
    """A request that says nothing: it is JSON all the same, which no form of another page can send."""

    model_config = ConfigDict(extra="forbid")


def session_routes(access: Access) -> APIRouter:
    """Routes about who is signed in.

    Parameters
    ----------
    access : Access
    """
    routes = APIRouter()

    @routes.get("/api/session")
    async def session(request: Request) -> Response:
        return json_response({"is_read_only": access.is_read_only, "who": access.session(request)})

    @routes.post("/api/login")
    async def sign_in(request: Request) -> Response:
        said = await read_json(request, SignIn)
        session = access.sign_in(said.token, said.who, address_of(request))
        response = json_response({"is_read_only": False, "who": said.who.strip()})
        remember(response, session, is_secure=request.url.scheme == "https")
        return response

    @routes.post("/api/logout")
    async def sign_out(request: Request) -> Response:
        await read_json(request, Nothing)
        access.sign_out(request)
        response = json_response({"is_read_only": access.is_read_only, "who": ""})
        remember(response, "", is_secure=request.url.scheme == "https")
        return response

    return routes
