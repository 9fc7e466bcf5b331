"""Schemathesis hooks for this service: the users that send requests, and the data that exists.

They are added to those of `specfirst.fuzz.hooks` (`hooks` in schemathesis.toml). scripts/fuzz sets the
environment variable that this file reads.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from typing import Any

import httpx
import schemathesis
from hypothesis import currently_in_test_context
from hypothesis.control import current_build_context
from jose import jwt
from schemathesis import AuthContext, BaseSchema, Case, CheckContext, HookContext, Response
from schemathesis.core.failures import Failure, Severity
from schemathesis.generation.meta import TestPhase
from schemathesis.specs.openapi._auth_retry import send_probe
from schemathesis.specs.openapi.object_authorization import apply_as
from schemathesis.wfc.escalation import EscalatingAuthProvider

from devtools.resources import example_ids, find_resources
from generated.application import contract

SECRET = os.environ["BETTER_AUTH_SECRET"]

CONTRACT = contract().content
RESOURCES = find_resources(CONTRACT)
EXAMPLES = example_ids(CONTRACT)
CALLER: str = CONTRACT["components"]["parameters"]["PathUserId"]["example"]
PEER, LEAVER = "peer", "leaver"


_client = httpx.Client()


# --- Users --------------------------------------------------------------------------------------------


class Person:
    """A user of the service, as an auth provider of Schemathesis.

    A user who has erased their account gets 404 until the server receives a newer token. The user gets that
    token in the next scenario: within one scenario, use_after_free must see that the account stays erased.
    """

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.erased_in: object | None = None
        self._scenario: object | None = None
        self.categories: set[int] = set()
        self.renew()

    def renew(self) -> None:
        # With fractions of a second, which RFC 7519 allows: newer than an erasure in the same second.
        now = time.time()
        claims = {"sub": self.user_id, "iat": now, "exp": now + 86400}
        self.token = jwt.encode(claims, SECRET, algorithm="HS256")
        self.erased_in = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def get(self, case: Case[Any], context: AuthContext) -> dict[str, str]:
        scenario = _scenario()
        if _phase(case) is TestPhase.STATEFUL and scenario is not self._scenario:
            # Each stateful scenario begins with an empty account. With the data of an earlier scenario, the
            # responses would differ, and Hypothesis would end the phase as not repeatable.
            _client.delete(f"{case.operation.base_url}/api/{self.user_id}", headers=self.headers)
            self.renew()
            self.categories.clear()
        elif self.erased_in is not None and scenario is not self.erased_in:
            self.renew()
        self._scenario = scenario
        return self.headers

    def set(self, case: Case[Any], data: dict[str, str], context: AuthContext) -> None:
        case.headers.update(data)


def _scenario() -> object:
    """Return an object that is the same within one scenario. Outside scenarios, each request has its own."""
    return current_build_context().data if currently_in_test_context() else object()


caller, peer, leaver = Person(CALLER), Person(PEER), Person(LEAVER)


@schemathesis.hook
def after_load_schema(context: HookContext, schema: BaseSchema) -> None:
    """Send all requests as the caller, and let object_level_authorization repeat them as the peer.

    `[auth.wfc]` of schemathesis.toml would do the same, but with tokens that never change.
    """
    schema.auth.providers.append(
        EscalatingAuthProvider([caller, peer], [CALLER, PEER], peers=(CALLER, PEER), pinned=CALLER)
    )


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Add links from createCategory to operations without an id.

    Schemathesis starts its scenarios only with createCategory: createTask refers to a category, and from the
    schema names it cannot find the operation that creates one. Without these links, no scenario would ever
    contain a task.
    """
    user = {"path.user_id": "$request.path.user_id"}
    created = raw_schema["paths"]["/api/{user_id}/categories"]["post"]["responses"]["201"]
    created["links"] |= {
        operation_id: {"operationId": operation_id, "parameters": user}
        for operation_id in ("createTask", "listCategories", "getUser", "deleteUser")
    }
    created["links"]["createTaskInCategory"] = {
        "operationId": "createTask",
        "parameters": user,
        "requestBody": {"category_id": "$response.body#/id"},
    }


# --- Existing data ------------------------------------------------------------------------------------

_existing: dict[str, int] = {}


def _item(case: Case[Any]) -> str | None:
    """Return the last path parameter that names an item; its parents come before it."""
    return next((name for name in reversed(RESOURCES) if name in case.path_parameters), None)


def _existing_item(name: str, base_url: str) -> int:
    """Return the id of an item of the caller, and create the item if there is none."""
    if name not in _existing:
        resource = RESOURCES[name]
        ids = {parent: _existing_item(parent, base_url) for parent in resource.parents}
        # The names of a user's items may have to be unique, and must be short.
        texts = {
            property_name: f"Made {time.time_ns()}"
            for property_name in ("name",)
            if property_name in resource.example
        }
        response = _client.post(
            base_url + resource.collection.format(user_id=CALLER, **ids),
            headers=caller.headers,
            json={**resource.example, **texts},
        )
        _existing[name] = response.raise_for_status().json()["id"]
    return _existing[name]


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Replace the ids of the contract's examples by existing ids, and let another user be erased."""
    path = case.path_parameters
    if case.meta and case.meta.generation.mode.is_positive and "Idempotency-Key" in case.headers:
        # Schemathesis also treats "0" as a valid value, although its pattern rejects it.
        case.headers["Idempotency-Key"] = f"never-used-{time.time_ns()}"
    # Schemathesis repeats values that have succeeded, which includes all our users.
    if path.get("user_id") not in (CALLER, PEER, LEAVER):
        return
    path["user_id"] = CALLER
    if _phase(case) is TestPhase.STATEFUL:
        # Scenarios create the items that they use, and may erase the caller.
        _refer_to_existing_categories(case)
        return
    if _operation_id(case) == "deleteUser":
        path["user_id"] = LEAVER
        if case.headers.get("Authorization") == f"Bearer {caller.token}":
            leaver.renew()
            case.headers.update(leaver.headers)
    else:
        for name in RESOURCES:
            if name in path and str(path[name]) == str(EXAMPLES[name]):
                path[name] = _existing_item(name, str(case.operation.base_url))


def _refer_to_existing_categories(case: Case[Any]) -> None:
    """Remove a category that does not exist from a body.

    Its response is 404 "Category not found", as the contract declares. If the path contains a task that the
    scenario has just created, ensure_resource_availability would conclude that the task is lost.
    """
    if isinstance(case.body, dict):
        category = case.body.get("category_id")
        # 87.0 is an integer in JSON. True is a number in Python, and here it is wrong on purpose.
        if type(category) in (int, float) and category not in caller.categories:
            case.body["category_id"] = None


@schemathesis.hook
def after_call(context: HookContext, case: Case[Any], response: Response) -> None:
    if _operation_id(case) == "createCategory" and response.status_code == 201:
        caller.categories.add(response.json()["id"])
    if case.method != "DELETE" or response.status_code != 200:
        return
    if name := _item(case):
        if name == "category_id":
            caller.categories.discard(int(case.path_parameters[name]))
        if str(case.path_parameters[name]) == str(_existing.get(name)):
            # The items below it are deleted as well.
            for deleted in [
                other for other in _existing if other == name or name in RESOURCES[other].parents
            ]:
                del _existing[deleted]
    elif case.path_parameters["user_id"] == CALLER:
        caller.erased_in = _scenario()
        _existing.clear()


def _operation_id(case: Case[Any]) -> str:
    return str(case.operation.definition.raw["operationId"])


def _phase(case: Case[Any]) -> TestPhase | None:
    return case.meta.phase.name if case.meta else None


# --- An additional check ------------------------------------------------------------------------------


class ForeignItem(Failure):
    kind_title = "A user can reach another user's item through their own path"


_requested: Counter[str] = Counter()
PROBES = 20


@schemathesis.check
def foreign_item_is_not_found(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """Check that the peer gets 404 for the caller's item below the peer's own path.

    object_level_authorization repeats the request with the caller's path, which gets 403 before any query
    runs. Below the peer's own path, only the query protects the item, so a query without an owner is found.
    """
    if _item(case) is None or case.auth_identity != CALLER or not 200 <= response.status_code < 300:
        return
    # Schemathesis also tries methods that the operation does not have, such as OPTIONS.
    if case.method != case.operation.method.upper():
        return
    # A deleted item is 404 anyway, and for an item in a body the 404 may be about that item.
    if case.method == "DELETE" or (isinstance(case.body, dict) and case.body.get("category_id") is not None):
        return
    _requested[case.operation.label] += 1
    if _requested[case.operation.label] > PROBES:
        return
    probe = apply_as(case, peer, PEER)
    probe.path_parameters["user_id"] = PEER
    probed = send_probe(ctx, case, probe)
    if probed.status_code != 404:
        raise ForeignItem(
            operation=case.operation.label,
            message=f"{probe.method} {probe.formatted_path} as {PEER} got {probed.status_code}, not 404",
            case_id=probe.id,
            severity=Severity.CRITICAL,
        )
