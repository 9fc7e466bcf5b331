# Generated from openapi.yaml by scripts/generate: change the contract, not this file.

"""The routes of `users`, bound to an implementation when the application is built."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Security

from specfirst.routing import Engine

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
        user_id: Annotated[UserId, Path(description="Whose data. It must be the subject of the token.")],
    ) -> UserResponse | plain.UserResponse:
        """The profile as the login service last described it. It is created when a valid token is
        first seen, so there is nothing to post."""
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
        response_description="The account and everything in it is gone.",
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
        user_id: Annotated[UserId, Path(description="Whose data. It must be the subject of the token.")],
    ) -> MessageResponse | plain.MessageResponse:
        """Erases the caller with every task and category that they own, at once and for good. The
        account stays erased until a token that was issued after the erasure arrives; until then all
        of the caller's paths answer 404."""
        return await operations.delete_user(
            caller,
            user_id=user_id,
        )

    return router
