# Generated from openapi.yaml by specfirst: change the contract, not this file.


"""The routes of `categories`, bound to an implementation when the application is built."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Header, Path, Query, Security
from specfirst.runtime.routing import Engine

from .. import components, plain
from ..operations import (
    CallerT,
    CategoriesOperations,
    CreateCategory201,
    GetCategory200,
    ReplaceCategory200,
    UpdateCategory200,
)
from ..schemas import (
    CategoryCreate,
    CategoryId,
    CategoryListResponse,
    CategoryReplace,
    CategoryResponse,
    CategoryUpdate,
    Cursor,
    EntityTags,
    IdempotencyKey,
    Limit,
    MessageResponse,
    Offset,
    UserId,
)


def categories_router(engine: Engine[CallerT], operations: CategoriesOperations[CallerT]) -> APIRouter:
    """Categories with a name and a colour, which group tasks."""
    router = engine.router("categories")

    @router.get(
        "/api/{user_id}/categories",
        operation_id="listCategories",
        summary="List categories",
        status_code=200,
        response_model=CategoryListResponse,
        response_description="One page of categories.",
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
    async def list_categories(
        *,
        caller: Annotated[CallerT, Security(components.bearer_auth)],
        user_id: Annotated[
            UserId,
            Path(description="The id of the user who owns the data. It must be the subject of the token."),
        ],
        limit: Annotated[Limit, Query(description="The maximum number of items on a page.")] = 100,
        cursor: Annotated[
            Cursor | None,
            Query(description="The start of the page. Use the `next_cursor` of the previous page."),
        ] = None,
        offset: Annotated[
            Offset,
            Query(
                description="The number of items to skip, counted from the newest item, or from `cursor` if it is given."
            ),
        ] = 0,
    ) -> CategoryListResponse | plain.CategoryListResponse:
        """Returns one page of the caller's categories, newest first. Pages work as in `listTasks`."""
        return await operations.list_categories(
            caller,
            user_id=user_id,
            limit=limit,
            cursor=cursor,
            offset=offset,
        )

    @router.post(
        "/api/{user_id}/categories",
        operation_id="createCategory",
        summary="Create a category",
        status_code=201,
        response_model=CategoryResponse,
        response_description="The created category.",
        responses={
            201: {
                "headers": {
                    "Location": {
                        "description": "The path of the category.",
                        "required": True,
                        "schema": {"type": "string", "format": "uri-reference"},
                    },
                    "ETag": {
                        "description": "Entity tag of the current version.",
                        "required": True,
                        "schema": {
                            "type": "string",
                            "description": "An entity tag (RFC 9110, section 8.8.3). Its format may change.",
                            "pattern": '^"[0-9a-f]{16}"$',
                        },
                    },
                }
            },
            400: components.BAD_REQUEST,
            401: components.UNAUTHORIZED,
            403: components.FORBIDDEN,
            404: components.USER_NOT_FOUND,
            409: components.CATEGORY_NAME_TAKEN,
            413: components.CONTENT_TOO_LARGE,
            415: components.UNSUPPORTED_MEDIA_TYPE,
            422: components.UNPROCESSABLE_CONTENT,
            429: components.TOO_MANY_REQUESTS,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def create_category(
        *,
        caller: Annotated[CallerT, Security(components.bearer_auth)],
        user_id: Annotated[
            UserId,
            Path(description="The id of the user who owns the data. It must be the subject of the token."),
        ],
        idempotency_key: Annotated[
            IdempotencyKey | None,
            Header(
                alias="Idempotency-Key",
                description="A unique key for this request, such as a UUID. For 24 hours, the same request with the same key gets the same\nresponse as the first one and changes nothing. Another request with the same key gets 422. The server does not\nstore the key of a request that gets an error response.",
            ),
        ] = None,
        body: Annotated[CategoryCreate, Body(description="The category to create.")],
    ) -> CreateCategory201:
        """Creates a category. Its name must differ from those of the caller's other categories."""
        return await operations.create_category(
            caller,
            user_id=user_id,
            idempotency_key=idempotency_key,
            body=body,
        )

    @router.get(
        "/api/{user_id}/categories/{category_id}",
        operation_id="getCategory",
        summary="Read a category",
        status_code=200,
        response_model=CategoryResponse,
        response_description="The current category.",
        responses={
            200: {
                "headers": {
                    "ETag": {
                        "description": "Entity tag of the current version.",
                        "required": True,
                        "schema": {
                            "type": "string",
                            "description": "An entity tag (RFC 9110, section 8.8.3). Its format may change.",
                            "pattern": '^"[0-9a-f]{16}"$',
                        },
                    }
                }
            },
            304: components.NOT_MODIFIED,
            401: components.UNAUTHORIZED,
            403: components.FORBIDDEN,
            404: components.CATEGORY_NOT_FOUND,
            412: components.PRECONDITION_FAILED,
            422: components.UNPROCESSABLE_CONTENT,
            429: components.TOO_MANY_REQUESTS,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def get_category(
        *,
        caller: Annotated[CallerT, Security(components.bearer_auth)],
        user_id: Annotated[
            UserId,
            Path(description="The id of the user who owns the data. It must be the subject of the token."),
        ],
        category_id: Annotated[CategoryId, Path(description="The id of one of the user's categories.")],
        if_match: Annotated[
            EntityTags | None,
            Header(
                alias="If-Match",
                description="The request is carried out only if the current `ETag` is in this list, or the field is `*`; otherwise the\nresponse is 412. Compared strongly (RFC 9110, section 13.1.1): a weak tag matches nothing.",
            ),
        ] = None,
        if_none_match: Annotated[
            EntityTags | None,
            Header(
                alias="If-None-Match",
                description="The request is carried out only if the current `ETag` is not in this list, and the field is not `*`; otherwise\nthe response is 304 without a body to GET and HEAD, and 412 to other methods. Compared weakly (RFC 9110,\nsection 13.1.2). If-Match is evaluated first.",
            ),
        ] = None,
    ) -> GetCategory200:
        """Returns one of the caller's categories."""
        return await operations.get_category(
            caller,
            user_id=user_id,
            category_id=category_id,
        )

    @router.put(
        "/api/{user_id}/categories/{category_id}",
        operation_id="replaceCategory",
        summary="Replace a category",
        status_code=200,
        response_model=CategoryResponse,
        response_description="The current category.",
        responses={
            200: {
                "headers": {
                    "ETag": {
                        "description": "Entity tag of the current version.",
                        "required": True,
                        "schema": {
                            "type": "string",
                            "description": "An entity tag (RFC 9110, section 8.8.3). Its format may change.",
                            "pattern": '^"[0-9a-f]{16}"$',
                        },
                    }
                }
            },
            400: components.BAD_REQUEST,
            401: components.UNAUTHORIZED,
            403: components.FORBIDDEN,
            404: components.CATEGORY_NOT_FOUND,
            409: components.CATEGORY_NAME_TAKEN,
            412: components.PRECONDITION_FAILED,
            413: components.CONTENT_TOO_LARGE,
            415: components.UNSUPPORTED_MEDIA_TYPE,
            422: components.UNPROCESSABLE_CONTENT,
            429: components.TOO_MANY_REQUESTS,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def replace_category(
        *,
        caller: Annotated[CallerT, Security(components.bearer_auth)],
        user_id: Annotated[
            UserId,
            Path(description="The id of the user who owns the data. It must be the subject of the token."),
        ],
        category_id: Annotated[CategoryId, Path(description="The id of one of the user's categories.")],
        if_match: Annotated[
            EntityTags | None,
            Header(
                alias="If-Match",
                description="The request is carried out only if the current `ETag` is in this list, or the field is `*`; otherwise the\nresponse is 412. Compared strongly (RFC 9110, section 13.1.1): a weak tag matches nothing.",
            ),
        ] = None,
        if_none_match: Annotated[
            EntityTags | None,
            Header(
                alias="If-None-Match",
                description="The request is carried out only if the current `ETag` is not in this list, and the field is not `*`; otherwise\nthe response is 304 without a body to GET and HEAD, and 412 to other methods. Compared weakly (RFC 9110,\nsection 13.1.2). If-Match is evaluated first.",
            ),
        ] = None,
        body: Annotated[CategoryReplace, Body(description="The new content of the category.")],
    ) -> ReplaceCategory200:
        """Replaces the category. `name` is required. An absent colour is set to its default."""
        return await operations.replace_category(
            caller,
            user_id=user_id,
            category_id=category_id,
            if_match=if_match,
            if_none_match=if_none_match,
            body=body,
        )

    @router.patch(
        "/api/{user_id}/categories/{category_id}",
        operation_id="updateCategory",
        summary="Change a category",
        status_code=200,
        response_model=CategoryResponse,
        response_description="The current category.",
        responses={
            200: {
                "headers": {
                    "ETag": {
                        "description": "Entity tag of the current version.",
                        "required": True,
                        "schema": {
                            "type": "string",
                            "description": "An entity tag (RFC 9110, section 8.8.3). Its format may change.",
                            "pattern": '^"[0-9a-f]{16}"$',
                        },
                    }
                }
            },
            400: components.BAD_REQUEST,
            401: components.UNAUTHORIZED,
            403: components.FORBIDDEN,
            404: components.CATEGORY_NOT_FOUND,
            409: components.CATEGORY_NAME_TAKEN,
            412: components.PRECONDITION_FAILED,
            413: components.CONTENT_TOO_LARGE,
            415: components.UNSUPPORTED_PATCH_MEDIA_TYPE,
            422: components.UNPROCESSABLE_CONTENT,
            429: components.TOO_MANY_REQUESTS,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def update_category(
        *,
        caller: Annotated[CallerT, Security(components.bearer_auth)],
        user_id: Annotated[
            UserId,
            Path(description="The id of the user who owns the data. It must be the subject of the token."),
        ],
        category_id: Annotated[CategoryId, Path(description="The id of one of the user's categories.")],
        if_match: Annotated[
            EntityTags | None,
            Header(
                alias="If-Match",
                description="The request is carried out only if the current `ETag` is in this list, or the field is `*`; otherwise the\nresponse is 412. Compared strongly (RFC 9110, section 13.1.1): a weak tag matches nothing.",
            ),
        ] = None,
        if_none_match: Annotated[
            EntityTags | None,
            Header(
                alias="If-None-Match",
                description="The request is carried out only if the current `ETag` is not in this list, and the field is not `*`; otherwise\nthe response is 304 without a body to GET and HEAD, and 412 to other methods. Compared weakly (RFC 9110,\nsection 13.1.2). If-Match is evaluated first.",
            ),
        ] = None,
        body: Annotated[CategoryUpdate, Body(description="The properties to change.")],
    ) -> UpdateCategory200:
        """Changes only the properties in the body."""
        return await operations.update_category(
            caller,
            user_id=user_id,
            category_id=category_id,
            if_match=if_match,
            if_none_match=if_none_match,
            body=body,
        )

    @router.delete(
        "/api/{user_id}/categories/{category_id}",
        operation_id="deleteCategory",
        summary="Delete a category",
        status_code=200,
        response_model=MessageResponse,
        response_description="The category is deleted.",
        responses={
            401: components.UNAUTHORIZED,
            403: components.FORBIDDEN,
            404: components.CATEGORY_NOT_FOUND,
            412: components.PRECONDITION_FAILED,
            422: components.UNPROCESSABLE_CONTENT,
            429: components.TOO_MANY_REQUESTS,
            500: components.INTERNAL_SERVER_ERROR,
            503: components.SERVICE_UNAVAILABLE,
        },
    )
    async def delete_category(
        *,
        caller: Annotated[CallerT, Security(components.bearer_auth)],
        user_id: Annotated[
            UserId,
            Path(description="The id of the user who owns the data. It must be the subject of the token."),
        ],
        category_id: Annotated[CategoryId, Path(description="The id of one of the user's categories.")],
        if_match: Annotated[
            EntityTags | None,
            Header(
                alias="If-Match",
                description="The request is carried out only if the current `ETag` is in this list, or the field is `*`; otherwise the\nresponse is 412. Compared strongly (RFC 9110, section 13.1.1): a weak tag matches nothing.",
            ),
        ] = None,
        if_none_match: Annotated[
            EntityTags | None,
            Header(
                alias="If-None-Match",
                description="The request is carried out only if the current `ETag` is not in this list, and the field is not `*`; otherwise\nthe response is 304 without a body to GET and HEAD, and 412 to other methods. Compared weakly (RFC 9110,\nsection 13.1.2). If-Match is evaluated first.",
            ),
        ] = None,
    ) -> MessageResponse | plain.MessageResponse:
        """Permanently deletes the category. Its tasks are kept, and their `category_id` becomes null."""
        return await operations.delete_category(
            caller,
            user_id=user_id,
            category_id=category_id,
            if_match=if_match,
            if_none_match=if_none_match,
        )

    return router
