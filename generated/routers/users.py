# Generated from openapi.yaml by specfirst: change the contract, not this file.


"""The routes of `users`, bound to an implementation when the application is built."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Security
from specfirst.runtime.routing import Engine

from .. import components, plain
from ..operations import CallerT, UsersOperations
from ..schemas import MessageResponse, UserId, UserResponse


def users_router(engine: Engine[CallerT], operations: UsersOperations[CallerT]) -> APIRouter:
    """The caller's own account."""
    router = engine.router("users")

    @router.get(
        "/api/{user_id}",
        operation_id="getUser",
        summary="Read the caller's profile",
        status_code=200,
        response_model=UserResponse,
        response_description="The profile.",
        responses={
            401: components.UNAUTHORIZED,
            403: components.FORBIDDEN,
            404: components.USER_NOT_FOUND,
            422: components.UNPROCESSABLE_CONTENT,
            429: components.TOO_MANY_REQUESTS,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def get_user(
        *,
        caller: Annotated[CallerT, Security(components.bearer_auth)],
        user_id: Annotated[
            UserId,
            Path(description="The id of the user who owns the data. It must be the subject of the token."),
        ],
    ) -> UserResponse | plain.UserResponse:
        """The profile from the claims of the most recently issued token. The server creates it when it
        first receives a valid token of the user, so there is no operation to create a user."""
        return await operations.get_user(
            caller,
            user_id=user_id,
        )

    @router.delete(
        "/api/{user_id}",
        operation_id="deleteUser",
        summary="Erase the caller's account",
        status_code=200,
        response_model=MessageResponse,
        response_description="The account and all its data are deleted.",
        responses={
            401: components.UNAUTHORIZED,
            403: components.FORBIDDEN,
            404: components.USER_NOT_FOUND,
            422: components.UNPROCESSABLE_CONTENT,
            429: components.TOO_MANY_REQUESTS,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def delete_user(
        *,
        caller: Annotated[CallerT, Security(components.bearer_auth)],
        user_id: Annotated[
            UserId,
            Path(description="The id of the user who owns the data. It must be the subject of the token."),
        ],
    ) -> MessageResponse | plain.MessageResponse:
        """Permanently deletes the caller's account with all tasks and categories. The account stays
        erased until the server receives a token that was issued after the erasure. Until then, all
        paths of the caller answer 404."""
        return await operations.delete_user(
            caller,
            user_id=user_id,
        )

    return router
