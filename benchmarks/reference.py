"""The reference: the same service as in FastAPI tutorials. The performance goals are multiples of its speed.

It has async handlers, a synchronous session per request, decodes the token of each request, and loads all
rows to compute the total.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jose import JWTError, jwt
from pydantic import BaseModel
from sqlalchemy import BigInteger, DateTime, FetchedValue
from sqlmodel import Field, Session, SQLModel, col, create_engine, select

from impl.postgres.migrations import psycopg2_url

SECRET = os.environ["BETTER_AUTH_SECRET"]
engine = create_engine(psycopg2_url(os.environ["DATABASE_URL"]))
app = FastAPI()

Priority = Literal["low", "medium", "high"]


class Task(SQLModel, table=True):
    __table_args__ = {"schema": "tasks_api"}

    user_id: str = Field(primary_key=True)
    id: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=BigInteger,
        sa_column_kwargs={"server_default": FetchedValue()},
    )
    title: str
    description: str | None = None
    completed: bool = False
    priority: str = "medium"
    due_date: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    category_id: int | None = Field(default=None, sa_type=BigInteger)
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC), sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=lambda: datetime.now(UTC), sa_type=DateTime(timezone=True))


class TaskCreate(BaseModel):
    title: str = Field(min_length=1, max_length=255)
    description: str | None = Field(default=None, max_length=2000)
    completed: bool = False
    priority: Priority = "medium"
    due_date: datetime | None = None
    category_id: int | None = None


class TaskUpdate(BaseModel):
    title: str | None = Field(default=None, min_length=1, max_length=255)
    description: str | None = Field(default=None, max_length=2000)
    completed: bool | None = None
    priority: Priority | None = None
    due_date: datetime | None = None
    category_id: int | None = None


class TaskRead(TaskCreate):
    id: int
    user_id: str
    created_at: datetime
    updated_at: datetime


class TaskList(BaseModel):
    items: list[TaskRead]
    total: int


def get_session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def get_caller(
    user_id: str, credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]
) -> str:
    try:
        claims = jwt.decode(credentials.credentials, SECRET, algorithms=["HS256"])
    except JWTError:
        raise HTTPException(401, "Not authenticated") from None
    if claims["sub"] != user_id:
        raise HTTPException(403, "Not authorized to access this user's data")
    return user_id


Database = Annotated[Session, Depends(get_session)]
Caller = Annotated[str, Depends(get_caller)]


def find(session: Session, user_id: str, task_id: int) -> Task:
    task = session.exec(select(Task).where(Task.user_id == user_id, Task.id == task_id)).first()
    if task is None:
        raise HTTPException(404, "Task not found")
    return task


def save(session: Session, task: Task) -> Task:
    session.add(task)
    session.commit()
    session.refresh(task)
    return task


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "healthy", "message": "API is running"}


@app.get("/api/{user_id}/tasks", response_model=TaskList)
async def list_tasks(
    user_id: Caller,
    session: Database,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Any:
    query = select(Task).where(Task.user_id == user_id)
    total = len(session.exec(query).all())
    newest = query.order_by(col(Task.created_at).desc(), col(Task.id).desc())
    return {"items": session.exec(newest.offset(offset).limit(limit)).all(), "total": total}


@app.post("/api/{user_id}/tasks", response_model=TaskRead, status_code=201)
async def create_task(user_id: Caller, session: Database, body: TaskCreate) -> Any:
    return save(session, Task(user_id=user_id, **body.model_dump()))


@app.get("/api/{user_id}/tasks/{task_id}", response_model=TaskRead)
async def get_task(user_id: Caller, session: Database, task_id: int) -> Any:
    return find(session, user_id, task_id)


@app.patch("/api/{user_id}/tasks/{task_id}", response_model=TaskRead)
async def update_task(user_id: Caller, session: Database, task_id: int, body: TaskUpdate) -> Any:
    task = find(session, user_id, task_id)
    for name, value in body.model_dump(exclude_unset=True).items():
        setattr(task, name, value)
    task.updated_at = datetime.now(UTC)
    return save(session, task)


@app.patch("/api/{user_id}/tasks/{task_id}/complete", response_model=TaskRead)
async def toggle_task(user_id: Caller, session: Database, task_id: int) -> Any:
    task = find(session, user_id, task_id)
    task.completed = not task.completed
    task.updated_at = datetime.now(UTC)
    return save(session, task)
