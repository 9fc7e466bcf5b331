"""Random sequences of requests of two users get the responses that a model in Python predicts.

Hypothesis generates sequences of requests, sends them over HTTP, and shrinks a failing sequence to the few
steps that matter. It prints them as a program; each line calls a rule of `TwoUsers`.

`scripts/test --long` runs ten times as many, and this any number:

    MODEL_EXAMPLES=2000 MODEL_STEPS=60 pytest tests/model -m "not long"
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from typing import Any, ClassVar
from urllib.parse import quote, unquote, urlencode
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from jose import jwt

from tests.contract import ROOT
from tests.model import strategies
from tests.model.account import CATEGORY_DEFAULTS, TASK_DEFAULTS, Account, Json, meaning
from tests.model.server import Server
from tests.resources import RESOURCES

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "10"))
SETTINGS = settings(
    stateful_step_count=int(os.environ.get("MODEL_STEPS", "30")),
    deadline=None,
    derandomize=False,
    print_blob=True,
    report_multiple_bugs=False,
    # All phases except "explain", which runs hundreds of further examples and cannot explain a server.
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    # An example has a hundred requests, so its time and its size are no errors.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

LARGEST_ID = 2**53 - 1
EMPTY_PROFILE: Json = {"email": None, "name": None, "email_verified": False, "image": None}
FORBIDDEN = "Not authorized to access this user's data"
CODES = {
    "Not authenticated": "unauthorized",
    FORBIDDEN: "not_the_caller",
    "User not found": "user_not_found",
    "Task not found": "task_not_found",
    "Category not found": "category_not_found",
    "A category with this name already exists": "category_name_taken",
    "The resource's ETag does not satisfy the request's If-Match or If-None-Match": "precondition_failed",
}


@pytest.mark.parametrize("examples", [EXAMPLES, pytest.param(100, marks=pytest.mark.long)])
def test_the_server_behaves_like_the_model(server: Server, examples: int) -> None:
    with httpx.Client(base_url=server.url) as client:
        TwoUsers.server, TwoUsers.client = server, client
        run_state_machine_as_test(TwoUsers, settings=settings(SETTINGS, max_examples=examples))


def test_every_resource_has_its_own_tests() -> None:
    """The model has rules for tasks and categories only; other resources have their own test modules."""
    files = [f"tests/api/test_{resource.name}.py" for resource in RESOURCES.values()]
    missing = [file for file in files if not (ROOT / file).exists()]
    assert missing == [], (
        f"write {', '.join(missing)}: the generic tests do not test the behavior of these resources"
    )


class Person:
    """A user: the model of the account, and the current token."""

    def __init__(self, name: str, user_id: str) -> None:
        self.name = name
        self.account = Account(user_id)
        self.profile: Json = {"id": user_id, **EMPTY_PROFILE}
        self.token = ""
        # Ids of this person's deleted items.
        self.former_task_ids: list[int] = []
        self.former_category_ids: list[int] = []

    def erase(self) -> None:
        self.former_task_ids += [task["id"] for task in self.account.tasks]
        self.former_category_ids += [category["id"] for category in self.account.categories]
        self.account.erase()

    @property
    def path(self) -> str:
        return f"/api/{quote(self.account.user_id, safe='')}"


@dataclass(frozen=True)
class Task:
    """A task that was created; it may be deleted."""

    owner: str
    id: int


@dataclass(frozen=True)
class Category:
    owner: str
    id: int


@dataclass
class Walk:
    """A traversal of a list from cursor to cursor while the list changes."""

    filters: Json
    limit: int
    cursor: str | None = None
    seen: list[int] = field(default_factory=list)
    # The tasks that were in the list at every page so far; None before the first page.
    steady: set[int] | None = None


@dataclass(frozen=True)
class Response:
    """A response, and its request."""

    request: str
    status: int
    body: Any
    headers: httpx.Headers


people = st.sampled_from(["ada", "bob"])
# Symbolic names instead of ids, because ids differ between runs.
own_categories = st.sampled_from(["left out", "null", "oldest", "newest"])
strange_categories = st.sampled_from(["another user's", "deleted", "never there"])
category_filters = st.sampled_from(["any", "oldest", "newest", "another user's", "never there"])
limits = st.sampled_from([None, 1, 2, 3, 1000])
offsets = st.sampled_from([None, 0, 1, 2, 5, LARGEST_ID])

# Method, path below the task or category, and body, of every operation on one task or category.
ON_A_TASK: list[tuple[str, str, Json | None]] = [
    ("GET", "", None),
    ("PUT", "", {"title": "taken over"}),
    ("PATCH", "", {"completed": True, "title": "taken over"}),
    ("PATCH", "", {}),
    ("PATCH", "/complete", None),
    ("DELETE", "", None),
]
ON_A_CATEGORY: list[tuple[str, str, Json | None]] = [
    ("GET", "", None),
    ("PUT", "", {"name": "taken over"}),
    ("PATCH", "", {"color": "#000000"}),
    ("PATCH", "", {}),
    ("DELETE", "", None),
]


class TwoUsers(RuleBasedStateMachine):
    server: ClassVar[Server]
    client: ClassVar[httpx.Client]

    tasks: Bundle[Task] = Bundle("tasks")
    categories: Bundle[Category] = Bundle("categories")

    def __init__(self) -> None:
        super().__init__()
        self.changes: deque[str] = deque(maxlen=5)
        self.request = ""
        self.walks: dict[str, Walk] = {}
        # The ETag of each task when it was last read, and the state of the task then.
        self.states: dict[int, tuple[Json, str]] = {}
        self.keys = 0
        self.erasures = 0
        # Every id that the server has assigned, in the order of creation.
        self.task_ids: list[int] = []
        self.category_ids: list[int] = []
        self.newest = datetime.min.replace(tzinfo=UTC)
        # One user id contains the characters that a path must encode, and starts with the other user id.
        ada = uuid4().hex
        self.people = {"ada": Person("ada", ada), "bob": Person("bob", f"{ada}|b@c:d+e~f")}
        for person in self.people.values():
            self.log_in(person, name=person.name, email=f"{person.name}@example.com")

    # Requests to the server.

    def log_in(self, person: Person, **claims: str) -> None:
        person.token = self.new_token(person, issued_at=time.time(), **claims)
        person.profile.update(claims)

    def new_token(self, person: Person, issued_at: float | None, **claims: str) -> str:
        payload = {"sub": person.account.user_id, "exp": time.time() + 3600, "jti": uuid4().hex, **claims}
        if issued_at is not None:
            payload["iat"] = issued_at
        return jwt.encode(payload, self.server.secret, algorithm="HS256")

    def send(
        self, method: str, path: str, body: Json | None = None, *, token: str | None, **options: Any
    ) -> Response:
        headers: dict[str, str] = options.pop("headers", {})
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            # Use both forms of JSON text: raw characters and escapes.
            options["content"] = json.dumps(body, ensure_ascii=method == "POST").encode()
            headers["Content-Type"] = "application/json"
        response = self.client.request(method, path, headers=headers, **options)
        sent = options.get("content", b"").decode("utf-8", "replace")
        # Bob's path starts with Ada's, so it is replaced first.
        for name in ("bob", "ada"):
            path = path.replace(self.people[name].path, f"/api/<{name}>")
        request = f"{method} {path} {sent[:300]}"
        self.request = f"{request} → {response.status_code} {response.text[:300]}"
        if method != "GET":
            self.changes.append(self.request)
        if response.status_code == 304:
            self.check(f"the response to {request} has no body", response.content, b"")
            return Response(request, 304, None, response.headers)
        self.check(f"the response to {request} is JSON", response.headers["content-type"], "application/json")
        return Response(request, response.status_code, response.json(), response.headers)

    def ask(self, person: Person, method: str, path: str, body: Json | None = None) -> Response:
        """Send a request of the person on their own path."""
        return self.send(method, person.path + path, body, token=person.token)

    def check(self, fact: str, server: object, model: object) -> None:
        """Fail with both values and the previous requests unless the values are equal."""
        if server != model:
            raise AssertionError(
                f"{fact}{_first_difference(server, model)}\n  the server: {server!r}\n  the model:  {model!r}"
                "\n  the last requests that may change something, and the last of all:"
                + "".join(f"\n    {request}" for request in dict.fromkeys([*self.changes, self.request]))
                + self.server_log()
            )

    def server_log(self) -> str:
        if " → 500 " not in self.request:
            return ""
        return f"\n  the server's log ends with\n{self.server.log.read_text(errors='replace')[-3000:]}"

    def check_status(self, response: Response, status: int) -> None:
        self.check(f"{response.request}: the status", response.status, status)

    def check_error(self, response: Response, status: int, detail: str) -> None:
        self.check_status(response, status)
        self.check(
            f"{response.request}: the response", response.body, {"detail": detail, "code": CODES[detail]}
        )

    def check_invalid(self, response: Response, place: str) -> None:
        """Check a 422 response whose validation errors are all located in the body or the query."""
        self.check_status(response, 422)
        self.check(f"{response.request}: the members of the response", [*response.body], ["detail", "code"])
        errors = response.body["detail"]
        self.check(f"{response.request}: there are validation errors", bool(errors), True)
        for error in errors:
            self.check(
                f"{response.request}: the members of a validation error",
                sorted(error),
                ["loc", "msg", "type"],
            )
            self.check(f"{response.request}: the location of the error", error["loc"][0], place)

    def check_whole(self, response: Response, status: int, model: Json) -> Json:
        """Check that the response is exactly this task or category, with timestamps in UTC."""
        self.check_status(response, status)
        self.check_timestamps(response.body)
        etag = response.headers["etag"]
        self.check(f"{response.request}: the ETag in the body", response.body["etag"], etag)
        stored = meaning(response.body)
        self.check(f"{response.request}: the response", stored, model)
        return stored

    def check_timestamps(self, body: Json) -> None:
        for name in {"created_at", "updated_at", "due_date"} & body.keys():
            text = body[name]
            self.check(f"{name} is in UTC", text is None or text.endswith("Z"), True)

    def check_created(
        self, response: Response, person: Person, collection: str, model: Json, ids: list[int]
    ) -> Json:
        """Check that the response is this new task or category, and that Location leads to it."""
        self.check_status(response, 201)
        given = {name: response.body.get(name) for name in ("id", "created_at")}
        model = model | given
        if collection == "tasks":
            model |= {"updated_at": given["created_at"]}
        created = self.check_whole(response, 201, meaning({"user_id": person.account.user_id} | model))
        self.check("the id is new", created["id"] in ids, False)
        self.check("created_at is not before that of older rows", created["created_at"] >= self.newest, True)
        self.newest = created["created_at"]
        ids.append(created["id"])
        location = response.headers["location"]
        expected = f"/api/{person.account.user_id}/{collection}/{created['id']}"
        self.check("Location names what was created", unquote(location), expected)
        self.check_whole(self.send("GET", location, token=person.token), 200, created)
        return created

    def check_changed(self, response: Response, before: Json, changes: Json) -> None:
        """Check that the response is the previous state with these changes and a later `updated_at`."""
        self.check_status(response, 200)
        updated_at = meaning(response.body).get("updated_at")
        self.check_whole(response, 200, before | meaning(changes) | {"updated_at": updated_at})
        later = updated_at is not None and updated_at > before["updated_at"]
        self.check(f"{response.request}: updated_at is later than {before['updated_at']}", later, True)
        before.update(meaning(changes), updated_at=updated_at)

    # Arguments of rules.

    def other(self, who: str) -> Person:
        return self.people["bob" if who == "ada" else "ada"]

    def category_id(self, person: Person, which: str) -> int:
        """Return the id of the described category, or an unknown id if there is none."""
        own, others = person.account.categories, self.other(person.name).account.categories
        if which in ("oldest", "newest") and own:
            found: int = own[0 if which == "oldest" else -1]["id"]
        elif which == "another user's" and others:
            found = others[-1]["id"]
        elif which == "deleted" and person.former_category_ids:
            found = person.former_category_ids[-1]
        else:
            found = LARGEST_ID
        return found

    def with_category(self, person: Person, body: Json, which: str) -> Json:
        if which == "left out":
            return body
        if which == "null" or not person.account.categories:
            return body | {"category_id": None}
        return body | {"category_id": self.category_id(person, which)}

    def filters(self, who: str, completed: bool | None, priority: str | None, category: str) -> Json:
        given = {"completed": completed, "priority": priority}
        if category != "any":
            given["category_id"] = self.category_id(self.people[who], category)
        return {name: value for name, value in given.items() if value is not None}

    # Initial states.

    @initialize(
        target=categories,
        bodies=st.lists(
            strategies.whole_categories, min_size=2, max_size=3, unique_by=lambda body: body["name"]
        ),
    )
    def both_have_categories(self, bodies: list[Json]) -> MultipleResults[Category]:
        people = self.people.values()
        created = [self.created_category(person, body) for body in bodies for person in people]
        for category in created[:2]:
            self.file_tasks(category, self.people[category.owner].account.tasks[::2])
        return multiple(*created)

    @initialize(target=tasks, bodies=st.lists(strategies.whole_tasks, min_size=3, max_size=7))
    def both_have_tasks(self, bodies: list[Json]) -> MultipleResults[Task]:
        created = []
        for index, body in enumerate(bodies):
            for person in self.people.values():
                category = "oldest" if index % 2 == 0 else "left out"
                created.append(self.created_task(person, self.with_category(person, body, category)))
        return multiple(*created)

    def file_tasks(self, category: Category, tasks: list[Json]) -> None:
        """Put these tasks of the owner into the category."""
        person = self.people[category.owner]
        for task in tasks:
            changes = {"category_id": category.id}
            self.check_changed(self.ask(person, "PATCH", f"/tasks/{task['id']}", changes), task, changes)

    def created_task(self, person: Person, body: Json) -> Task:
        response = self.ask(person, "POST", "/tasks", body)
        created = self.check_created(response, person, "tasks", TASK_DEFAULTS | body, self.task_ids)
        person.account.tasks.append(created)
        return Task(person.name, created["id"])

    def created_category(self, person: Person, body: Json) -> Category:
        response = self.ask(person, "POST", "/categories", body)
        created = self.check_created(
            response, person, "categories", CATEGORY_DEFAULTS | body, self.category_ids
        )
        person.account.categories.append(created)
        return Category(person.name, created["id"])

    # Tasks.

    @rule(target=tasks, who=people, body=strategies.whole_tasks, category=own_categories)
    def create_task(self, who: str, body: Json, category: str) -> Task | MultipleResults[Task]:
        person = self.people[who]
        body = self.with_category(person, body, category)
        if person.account.erased:
            self.check_error(self.ask(person, "POST", "/tasks", body), 404, "User not found")
            return multiple()
        return self.created_task(person, body)

    @rule(task=tasks, body=strategies.whole_tasks, category=own_categories)
    def replace_task(self, task: Task, body: Json, category: str) -> None:
        person = self.people[task.owner]
        body = self.with_category(person, body, category)
        response = self.ask(person, "PUT", f"/tasks/{task.id}", body)
        stored = person.account.task(task.id)
        if stored is None:
            self.check_error(response, 404, "Task not found")
        else:
            self.check_changed(response, stored, TASK_DEFAULTS | body)

    @rule(task=tasks, changes=strategies.task_changes, category=own_categories)
    def update_task(self, task: Task, changes: Json, category: str) -> None:
        person = self.people[task.owner]
        changes = self.with_category(person, changes, category)
        response = self.ask(person, "PATCH", f"/tasks/{task.id}", changes)
        stored = person.account.task(task.id)
        if stored is None:
            self.check_error(response, 404, "Task not found")
        elif not changes:
            self.check_whole(response, 200, stored)
        else:
            self.check_changed(response, stored, changes)

    @rule(task=tasks, names=st.sets(st.sampled_from(["description", "due_date", "category_id"]), min_size=1))
    def clear_properties_of_a_task(self, task: Task, names: set[str]) -> None:
        """Set the properties, and then clear them; an empty change afterwards changes nothing."""
        person = self.people[task.owner]
        stored = person.account.task(task.id)
        if stored is not None:
            path = f"/tasks/{task.id}"
            some = {"description": "Something", "due_date": "2026-02-01T17:00:00+01:00"}
            some = self.with_category(person, some, "oldest")
            self.check_changed(self.ask(person, "PATCH", path, some), stored, some)
            nulls = dict.fromkeys(sorted(names))
            self.check_changed(self.ask(person, "PATCH", path, nulls), stored, nulls)
            self.check_whole(self.ask(person, "PATCH", path, {}), 200, stored)

    @rule(task=tasks)
    def toggle_task(self, task: Task) -> None:
        self.toggle_task_of(self.people[task.owner], task.id)

    def toggle_task_of(self, person: Person, task_id: int) -> None:
        response = self.ask(person, "PATCH", f"/tasks/{task_id}/complete")
        stored = person.account.task(task_id)
        if stored is None:
            self.check_error(response, 404, "Task not found")
        else:
            self.check_changed(response, stored, {"completed": not stored["completed"]})

    @rule(task=consumes(tasks))
    def delete_task(self, task: Task) -> None:
        self.delete_task_of(self.people[task.owner], task.id)

    def delete_task_of(self, person: Person, task_id: int) -> None:
        response = self.ask(person, "DELETE", f"/tasks/{task_id}")
        stored = person.account.task(task_id)
        if stored is None:
            self.check_error(response, 404, "Task not found")
        else:
            self.check_status(response, 200)
            self.check("the message", response.body, {"message": "Task deleted successfully"})
            person.account.tasks.remove(stored)
            person.former_task_ids.append(task_id)

    @rule(task=tasks)
    def get_task(self, task: Task) -> None:
        person = self.people[task.owner]
        response = self.ask(person, "GET", f"/tasks/{task.id}")
        stored = person.account.task(task.id)
        if stored is None:
            self.check_error(response, 404, "Task not found")
        else:
            self.check_whole(response, 200, stored)

    # Conditional and idempotent requests.

    @rule(task=tasks)
    def get_if_none_match(self, task: Task) -> None:
        """Read with If-None-Match: the task is sent if it has changed since, and otherwise 304."""
        person = self.people[task.owner]
        stored = person.account.task(task.id)
        before, etag = self.states.get(task.id, (None, '"never-seen"'))
        response = self.conditional(task, "GET", "", None, **{"If-None-Match": f'"x", W/{etag}'})
        if stored is None:
            self.check_error(response, 404, "Task not found")
        elif stored == before:
            self.check_status(response, 304)
            self.check("the ETag of an unchanged task", response.headers["etag"], etag)
        else:
            self.check_whole(response, 200, stored)
            self.check("a changed task has another ETag", response.headers["etag"] != etag, True)
            self.states[task.id] = (dict(stored), response.headers["etag"])

    @rule(task=tasks, kind=st.sampled_from(["PUT", "PATCH", "PATCH with nothing", "toggle"]))
    def change_if_match(self, task: Task, kind: str) -> None:
        """Change with If-Match: the task is changed if its ETag still matches, and otherwise 412."""
        person = self.people[task.owner]
        stored = person.account.task(task.id)
        before, etag = self.states.get(task.id, (None, '"never-seen"'))
        method, below, changes = {
            "PUT": ("PUT", "", TASK_DEFAULTS | {"title": "as seen"}),
            "PATCH": ("PATCH", "", {"title": "as seen"}),
            "PATCH with nothing": ("PATCH", "", {}),
            "toggle": ("PATCH", "/complete", None),
        }[kind]
        response = self.conditional(task, method, below, changes, **{"If-Match": f'{etag} , "x"'})
        if stored is None:
            self.check_error(response, 404, "Task not found")
        elif stored != before:
            self.check_error(
                response, 412, "The resource's ETag does not satisfy the request's If-Match or If-None-Match"
            )
        elif kind == "PATCH with nothing":
            self.check_whole(response, 200, stored)
        else:
            toggled = {"completed": not stored["completed"]}
            self.check_changed(response, stored, toggled if changes is None else changes)
            self.check("a change gives another ETag", response.headers["etag"] != etag, True)
            self.states[task.id] = (dict(stored), response.headers["etag"])

    def conditional(self, task: Task, method: str, below: str, body: Json | None, **headers: str) -> Response:
        person = self.people[task.owner]
        path = f"{person.path}/tasks/{task.id}{below}"
        return self.send(method, path, body, token=person.token, headers=headers)

    @rule(target=tasks, who=people, body=strategies.whole_tasks)
    def create_a_task_twice(self, who: str, body: Json) -> MultipleResults[Task]:
        """Repeat a creation with one key: one task, equal responses. Another user's keys are separate."""
        person, other = self.people[who], self.other(who)
        if person.account.erased:
            return multiple()
        self.keys += 1
        key = f"key-{self.keys}"
        first = self.repeat(person, "POST", "/tasks", body, key)
        created = self.check_created(first, person, "tasks", TASK_DEFAULTS | body, self.task_ids)
        person.account.tasks.append(created)
        again = self.repeat(person, "POST", "/tasks", body, key)
        self.check("the repetition's status and body", (again.status, again.body), (201, first.body))
        for name in ("location", "etag"):
            self.check(f"the repetition's {name}", again.headers[name], first.headers[name])
        other_body = body | {"title": f"{body['title'][:9]} and more"}
        self.check_invalid(self.repeat(person, "POST", "/tasks", other_body, key), "header")
        if not other.account.erased:
            response = self.repeat(other, "POST", "/tasks", {"title": "x"}, key)
            theirs = TASK_DEFAULTS | {"title": "x"}
            new = self.check_created(response, other, "tasks", theirs, self.task_ids)
            other.account.tasks.append(new)
        return multiple(Task(person.name, created["id"]))

    @rule(task=tasks)
    def toggle_a_task_twice(self, task: Task) -> None:
        person = self.people[task.owner]
        stored = person.account.task(task.id)
        if stored is None:
            return
        self.keys += 1
        path = f"/tasks/{task.id}/complete"
        first = self.repeat(person, "PATCH", path, None, f"toggle-{self.keys}")
        self.check_changed(first, stored, {"completed": not stored["completed"]})
        # Changes in between do not affect the response of the repeat.
        changes = {"title": "in between"}
        self.check_changed(self.ask(person, "PATCH", f"/tasks/{task.id}", changes), stored, changes)
        again = self.repeat(person, "PATCH", path, None, f"toggle-{self.keys}")
        self.check("the repetition's status and body", (again.status, again.body), (200, first.body))
        self.check("the repetition's ETag", again.headers["etag"], first.headers["etag"])

    def repeat(self, person: Person, method: str, path: str, body: Json | None, key: str) -> Response:
        return self.send(
            method, person.path + path, body, token=person.token, headers={"Idempotency-Key": key}
        )

    # Lists.

    @rule(
        who=people,
        completed=st.none() | strategies.completed,
        priority=st.none() | strategies.priorities,
        category=category_filters,
        limit=limits,
        offset=offsets,
        later_limit=limits,
        later_offset=st.sampled_from([None, 0, 1]),
    )
    def list_tasks(
        self,
        who: str,
        completed: bool | None,
        priority: str | None,
        category: str,
        limit: int | None,
        offset: int | None,
        later_limit: int | None,
        later_offset: int | None,
    ) -> None:
        filters = self.filters(who, completed, priority, category)
        matching = self.people[who].account.tasks_that_match(filters)
        self.check_pages(who, "tasks", filters, matching, (limit, offset), (later_limit, later_offset))

    @rule(who=people, limit=st.integers(1, 3))
    def list_tasks_with_every_filter(self, who: str, limit: int) -> None:
        for completed, priority, category in product(
            [None, True, False], [None, "low", "medium", "high"], ["any", "oldest", "another user's"]
        ):
            filters = self.filters(who, completed, priority, category)
            matching = self.people[who].account.tasks_that_match(filters)
            self.check_pages(who, "tasks", filters, matching, (limit, None), (None, None))

    @rule(
        who=people,
        limit=limits,
        offset=offsets,
        later_limit=limits,
        later_offset=st.sampled_from([None, 0, 1]),
    )
    def list_categories(
        self,
        who: str,
        limit: int | None,
        offset: int | None,
        later_limit: int | None,
        later_offset: int | None,
    ) -> None:
        newest_first = [*reversed(self.people[who].account.categories)]
        self.check_pages(who, "categories", {}, newest_first, (limit, offset), (later_limit, later_offset))

    def check_pages(
        self,
        who: str,
        collection: str,
        filters: Json,
        matching: list[Json],
        first: tuple[int | None, int | None],
        later: tuple[int | None, int | None],
    ) -> None:
        """Read a list from `first` (limit and offset) to the end; `later` is for the pages after a cursor."""
        place, cursor = 0, None
        while True:
            limit, offset = later if cursor else first
            place += offset or 0
            page = self.read_page(
                who, collection, filters | {"limit": limit, "offset": offset, "cursor": cursor}
            )
            if page is None:
                return
            self.check_page(collection, page, matching[place:], len(matching), limit or 100)
            place, cursor = place + len(page["items"]), page["next_cursor"]
            if cursor is None:
                return

    def read_page(self, who: str, collection: str, query: Json) -> Json | None:
        """Return the page with its items as the model has them, or None if the user is erased."""
        person = self.people[who]
        texts = {name: json.dumps(value).strip('"') for name, value in query.items() if value is not None}
        response = self.ask(person, "GET", f"/{collection}?{urlencode(texts)}")
        if person.account.erased:
            self.check_error(response, 404, "User not found")
            return None
        self.check_status(response, 200)
        for item in response.body["items"]:
            self.check_timestamps(item)
        return response.body | {"items": [meaning(item) for item in response.body["items"]]}

    def check_page(self, collection: str, page: Json, rest: list[Json], total: int, limit: int) -> None:
        """Check a page; `rest` has the items of the model from the page's first item to the end."""
        self.check(f"the {collection} of the page", page["items"], rest[:limit])
        self.check(f"the total of {collection}", page["total"], total)
        self.check("this is the last page", page["next_cursor"] is None, len(rest) <= limit)
        self.check("the page has nothing else", sorted(page), ["items", "next_cursor", "total"])

    @rule(
        target=tasks,
        who=people,
        which=st.sampled_from(["all", "all", "open", "medium", "of the newest category"]),
        limit=st.integers(1, 2),
        changes=st.lists(
            st.sampled_from(["none", "create", "delete read", "delete unread", "toggle unread"])
        ),
    )
    def walk_on_while_the_list_changes(
        self, who: str, which: str, limit: int, changes: list[str]
    ) -> MultipleResults[Task]:
        """Read the next page after each change. The next step continues the walk.

        Tasks that are in the list all the time occur exactly once, and each page equals the model's.
        """
        filters: Json = {
            "all": {},
            "open": {"completed": False},
            "medium": {"priority": "medium"},
            "of the newest category": {"category_id": self.category_id(self.people[who], "newest")},
        }[which]
        created: list[Task] = []
        for change in ["none", *changes]:
            walk = self.walks.setdefault(who, Walk(filters, limit))
            created += self.change_the_walked_list(self.people[who], walk, change)
            if not self.read_on(who, walk):
                del self.walks[who]
        return multiple(*created)

    def change_the_walked_list(self, person: Person, walk: Walk, change: str) -> list[Task]:
        """Make the change if it is possible; return the task if the change creates one."""
        matching = person.account.tasks_that_match(walk.filters)
        read = [task for task in matching if task["id"] in walk.seen]
        unread = [task for task in matching if task["id"] not in walk.seen]
        if change == "create" and not person.account.erased:
            category_id = walk.filters.get("category_id")
            own = category_id is None or person.account.category(category_id) is not None
            return [self.created_task(person, {"title": "new", **walk.filters})] if own else []
        if change == "delete read" and read:
            self.delete_task_of(person, read[-1]["id"])
        if change == "delete unread" and unread:
            self.delete_task_of(person, unread[0]["id"])
        if change == "toggle unread" and unread:
            self.toggle_task_of(person, unread[0]["id"])
        return []

    def read_on(self, who: str, walk: Walk) -> bool:
        """Read the next page; return whether another page follows."""
        page = self.read_page(who, "tasks", walk.filters | {"limit": walk.limit, "cursor": walk.cursor})
        if page is None:
            return False
        matching = self.people[who].account.tasks_that_match(walk.filters)
        rest = matching
        if walk.seen:
            place = self.task_ids.index(walk.seen[-1])
            rest = [task for task in matching if self.task_ids.index(task["id"]) < place]
        self.check_page("tasks", page, rest, len(matching), walk.limit)
        ids = [task["id"] for task in page["items"]]
        self.check("the tasks that the walk repeats", set(ids) & set(walk.seen), set())
        walk.seen += ids
        walk.cursor = page["next_cursor"]
        there = {task["id"] for task in matching}
        walk.steady = there if walk.steady is None else walk.steady & there
        if walk.cursor is None:
            missed = walk.steady - set(walk.seen)
            self.check("the tasks that were there throughout and that the walk missed", missed, set())
        return walk.cursor is not None

    # Categories.

    @rule(target=categories, who=people, body=strategies.whole_categories)
    def create_category(self, who: str, body: Json) -> Category | MultipleResults[Category]:
        person = self.people[who]
        if person.account.erased:
            self.check_error(self.ask(person, "POST", "/categories", body), 404, "User not found")
        elif person.account.has_another_category_named(body["name"]):
            self.check_name_taken(self.ask(person, "POST", "/categories", body))
        else:
            return self.created_category(person, body)
        return multiple()

    @rule(category=categories, body=strategies.whole_categories)
    def replace_category(self, category: Category, body: Json) -> None:
        self.check_category_change("PUT", category, body, CATEGORY_DEFAULTS | body)

    @rule(category=categories, changes=strategies.category_changes)
    def update_category(self, category: Category, changes: Json) -> None:
        self.check_category_change("PATCH", category, changes, changes)

    @rule(category=categories, method=st.sampled_from(["PUT", "PATCH"]))
    def name_category_like_another(self, category: Category, method: str) -> None:
        for other in self.people[category.owner].account.categories:
            if other["id"] != category.id:
                body = {"name": other["name"], "color": "#000000"}
                self.check_category_change(method, category, body, body)

    def check_category_change(self, method: str, category: Category, body: Json, changes: Json) -> None:
        person = self.people[category.owner]
        response = self.ask(person, method, f"/categories/{category.id}", body)
        stored = person.account.category(category.id)
        if stored is None:
            self.check_error(response, 404, "Category not found")
        elif "name" in changes and person.account.has_another_category_named(changes["name"], than=stored):
            self.check_name_taken(response)
        else:
            self.check_whole(response, 200, stored | changes)
            stored.update(changes)

    def check_name_taken(self, response: Response) -> None:
        self.check_error(response, 409, "A category with this name already exists")

    @rule(category=consumes(categories), filed=st.integers(0, 2))
    def delete_category(self, category: Category, filed: int) -> None:
        """Delete a category after `filed` of the newest tasks were put into it; the tasks are kept."""
        person = self.people[category.owner]
        if person.account.category(category.id) is not None:
            self.file_tasks(category, person.account.tasks_that_match({})[:filed])
        response = self.ask(person, "DELETE", f"/categories/{category.id}")
        stored = person.account.category(category.id)
        if stored is None:
            self.check_error(response, 404, "Category not found")
        else:
            self.check_status(response, 200)
            self.check("the message", response.body, {"message": "Category deleted successfully"})
            person.account.delete_category(stored)
            person.former_category_ids.append(category.id)

    @rule(category=categories)
    def get_category(self, category: Category) -> None:
        person = self.people[category.owner]
        response = self.ask(person, "GET", f"/categories/{category.id}")
        stored = person.account.category(category.id)
        if stored is None:
            self.check_error(response, 404, "Category not found")
        else:
            self.check_whole(response, 200, stored)

    # Items of the other user, and items that do not exist.

    @rule(task=tasks, category=categories)
    def use_items_of_the_other_user(self, task: Task, category: Category) -> None:
        self.check_not_there(self.other(task.owner), task_id=task.id)
        self.check_not_there(self.other(category.owner), category_id=category.id)

    @rule(who=people, which=st.sampled_from(["deleted", "next", "largest"]))
    def use_missing_items(self, who: str, which: str) -> None:
        person = self.people[who]
        if which == "deleted":
            for task_id in person.former_task_ids[-1:]:
                self.check_not_there(person, task_id=task_id)
            for category_id in person.former_category_ids[-1:]:
                self.check_not_there(person, category_id=category_id)
        elif which == "next":
            # The next ids, which do not exist yet.
            self.check_not_there(
                person, task_id=max(self.task_ids) + 1, category_id=max(self.category_ids) + 1
            )
        else:
            self.check_not_there(person, task_id=LARGEST_ID, category_id=LARGEST_ID)

    def check_not_there(
        self, person: Person, *, task_id: int | None = None, category_id: int | None = None
    ) -> None:
        """Check that every operation below this person's path answers 404."""
        if task_id is not None:
            for method, path, body in ON_A_TASK:
                response = self.ask(person, method, f"/tasks/{task_id}{path}", body)
                self.check_error(response, 404, "Task not found")
        if category_id is not None:
            for method, path, body in ON_A_CATEGORY:
                response = self.ask(person, method, f"/categories/{category_id}{path}", body)
                self.check_error(response, 404, "Category not found")

    @rule(task=tasks, body=strategies.whole_tasks, category=strange_categories)
    def put_a_task_into_a_foreign_category(self, task: Task, body: Json, category: str) -> None:
        person = self.people[task.owner]
        if person.account.task(task.id) is None:
            return
        category_id = self.category_id(person, category)
        path = f"/tasks/{task.id}"
        for response in (
            self.ask(person, "POST", "/tasks", body | {"category_id": category_id}),
            self.ask(person, "PUT", path, body | {"category_id": category_id}),
            self.ask(person, "PATCH", path, body | {"category_id": category_id}),
            self.ask(person, "PATCH", path, {"category_id": category_id}),
        ):
            self.check_error(response, 404, "Category not found")

    @rule(who=people, with_token=st.booleans())
    def use_another_users_path(self, who: str, with_token: bool) -> None:
        """Check that every request there is rejected, with another user's token or without a token."""
        victim = self.other(who)
        task_id = (victim.account.tasks or [{"id": LARGEST_ID}])[-1]["id"]
        category_id = (victim.account.categories or [{"id": LARGEST_ID}])[-1]["id"]
        for method, path, body in [
            *[(method, f"/tasks/{task_id}{path}", body) for method, path, body in ON_A_TASK],
            *[(method, f"/categories/{category_id}{path}", body) for method, path, body in ON_A_CATEGORY],
            ("GET", "/tasks", None),
            ("POST", "/tasks", {"title": "a present"}),
            ("GET", "/categories", None),
            ("POST", "/categories", {"name": "a present"}),
            ("GET", "", None),
            ("DELETE", "", None),
        ]:
            token = self.people[who].token if with_token else None
            response = self.send(method, victim.path + path, body, token=token)
            if with_token:
                self.check_error(response, 403, FORBIDDEN)
            else:
                self.check_error(response, 401, "Not authenticated")
                self.check("the challenge", response.headers["www-authenticate"], "Bearer")

    # Invalid requests. The comparison of the whole lists proves that they change nothing.

    @rule(task=tasks, body=strategies.whole_tasks, member=strategies.invalid_task_members)
    def send_an_invalid_task(self, task: Task, body: Json, member: tuple[str, Any]) -> None:
        person, invalid = self.people[task.owner], body | dict([member])
        self.check_invalid(self.ask(person, "POST", "/tasks", invalid), "body")
        self.check_invalid(self.ask(person, "PUT", f"/tasks/{task.id}", invalid), "body")
        self.check_invalid(self.ask(person, "PATCH", f"/tasks/{task.id}", invalid), "body")
        without_title = {name: value for name, value in body.items() if name != "title"}
        self.check_invalid(self.ask(person, "POST", "/tasks", without_title), "body")
        self.check_invalid(self.ask(person, "PUT", f"/tasks/{task.id}", without_title), "body")

    @rule(
        category=categories,
        body=strategies.whole_categories,
        member=strategies.invalid_category_members,
    )
    def send_an_invalid_category(self, category: Category, body: Json, member: tuple[str, Any]) -> None:
        person, invalid = self.people[category.owner], body | dict([member])
        self.check_invalid(self.ask(person, "POST", "/categories", invalid), "body")
        self.check_invalid(self.ask(person, "PUT", f"/categories/{category.id}", invalid), "body")
        self.check_invalid(self.ask(person, "PATCH", f"/categories/{category.id}", invalid), "body")

    @rule(task=tasks, category=categories, unreadable=strategies.unreadable_bodies)
    def send_an_unreadable_body(
        self, task: Task, category: Category, unreadable: tuple[bytes, str, int]
    ) -> None:
        content, media_type, status = unreadable
        for thing, collection in ((task, "tasks"), (category, "categories")):
            person = self.people[thing.owner]
            for method, path in (("POST", ""), ("PUT", f"/{thing.id}"), ("PATCH", f"/{thing.id}")):
                response = self.send(
                    method,
                    f"{person.path}/{collection}{path}",
                    token=person.token,
                    content=content,
                    headers={"Content-Type": media_type},
                )
                self.check_status(response, status)

    @rule(who=people, tasks_query=strategies.invalid_task_queries, query=strategies.invalid_page_queries)
    def ask_with_an_invalid_query(self, who: str, tasks_query: str, query: str) -> None:
        self.check_invalid(self.ask(self.people[who], "GET", f"/tasks?{tasks_query}"), "query")
        self.check_invalid(self.ask(self.people[who], "GET", f"/categories?{query}"), "query")

    # Accounts.

    @rule(who=people)
    def get_profile(self, who: str) -> None:
        person = self.people[who]
        response = self.ask(person, "GET", "")
        if person.account.erased:
            self.check_error(response, 404, "User not found")
            return
        self.check_status(response, 200)
        self.check_timestamps(response.body)
        answered = meaning(response.body)
        timestamps = {name: answered.pop(name) for name in ("created_at", "updated_at")}
        self.check("the profile", answered, person.profile)
        in_order = timestamps["created_at"] <= timestamps["updated_at"]
        self.check("the profile's timestamps are in order", in_order, True)

    @precondition(lambda self: not all(person.account.erased for person in self.people.values()))
    @rule(who=people, name=st.sampled_from([None, "Augusta", "Ada ✓"]))
    def log_in_again(self, who: str, name: str | None) -> None:
        """Log in with a new token; claims that it does not have, and the user's data, do not change."""
        if not self.people[who].account.erased:
            self.log_in(self.people[who], **({} if name is None else {"name": name}))

    @precondition(lambda self: self.erasures < 2)
    @rule(target=tasks, who=people, and_returns=st.sampled_from([True, True, False]))
    def erase_user(self, who: str, and_returns: bool) -> MultipleResults[Task]:
        person = self.people[who]
        before = time.time()
        response = self.ask(person, "DELETE", "")
        if person.account.erased:
            self.check_error(response, 404, "User not found")
            return multiple()
        self.check_status(response, 200)
        self.check("the message", response.body, {"message": "User deleted successfully"})
        task_id = (person.account.tasks or [{"id": LARGEST_ID}])[-1]["id"]
        person.erase()
        self.erasures += 1
        for token in (
            person.token,
            # Tokens from before the erasure that the server has not seen; the second has no `iat`.
            self.new_token(person, issued_at=before, name="a ghost"),
            self.new_token(person, issued_at=None, name="a ghost"),
        ):
            for method, path, body, detail in (
                ("GET", "", None, "User not found"),
                ("DELETE", "", None, "User not found"),
                ("GET", "/tasks", None, "User not found"),
                ("GET", "/categories", None, "User not found"),
                ("POST", "/tasks", {"title": "x"}, "User not found"),
                ("POST", "/categories", {"name": "x"}, "User not found"),
                ("GET", f"/tasks/{task_id}", None, "Task not found"),
            ):
                response = self.send(method, person.path + path, body, token=token)
                self.check_error(response, 404, detail)
        return self.returned(person) if and_returns else multiple()

    @precondition(lambda self: any(person.account.erased for person in self.people.values()))
    @rule(target=tasks)
    def return_with_a_newer_token(self) -> MultipleResults[Task]:
        erased = [person for person in self.people.values() if person.account.erased]
        return multiple(*[task for person in erased for task in self.returned(person).values])

    def returned(self, person: Person) -> MultipleResults[Task]:
        """Return as an erased user: the account is empty and can be used again."""
        old_token = person.token
        person.profile.update(EMPTY_PROFILE)
        self.log_in(person, name=f"{person.name} again")
        person.account.erased = False
        self.compare_whole_lists(person)
        response = self.send("GET", f"{person.path}/tasks", token=old_token)
        self.check_status(response, 200)
        return multiple(*[self.created_task(person, {"title": title}) for title in ("back", "again")])

    # Invariants.

    @invariant()
    def the_lists_equal_the_model(self) -> None:
        for person in self.people.values():
            self.compare_whole_lists(person)

    def compare_whole_lists(self, person: Person) -> None:
        everything = (1000, None), (1000, None)
        self.check_pages(person.name, "tasks", {}, person.account.tasks_that_match({}), *everything)
        self.check_pages(person.name, "categories", {}, person.account.categories[::-1], *everything)


def _first_difference(server: object, model: object) -> str:
    """Return a line with the first difference of two long values."""
    if isinstance(server, list) and isinstance(model, list):
        ids = [[item["id"] for item in items] for items in (server, model)]
        if ids[0] != ids[1]:
            return f"\n  the ids: {ids[0]} and not {ids[1]}"
        return next(
            (_first_difference(one, other) for one, other in zip(server, model, strict=True) if one != other),
            "",
        )
    if isinstance(server, dict) and isinstance(model, dict):
        names = [name for name in server | model if server.get(name, ...) != model.get(name, ...)]
        return "".join(
            f"\n  {name}: {server.get(name, '(missing)')!r} and not {model.get(name, '(missing)')!r}"
            for name in names
        )
    return ""
