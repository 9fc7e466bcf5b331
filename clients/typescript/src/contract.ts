// Written by scripts/client from openapi.yaml: change the contract, not this file.

import type { components } from "./schema.js";

/** The user's id as the login service gives it. */
export type UserId = components["schemas"]["UserId"];
/** A task's id. At most 2^53 - 1, the largest integer that JavaScript represents exactly. */
export type TaskId = components["schemas"]["TaskId"];
/** What is to be done. */
export type TaskTitle = components["schemas"]["TaskTitle"];
/** More about it. */
export type TaskDescription = components["schemas"]["TaskDescription"];
/** Whether it is done. */
export type TaskCompleted = components["schemas"]["TaskCompleted"];
/** How urgent it is. */
export type TaskPriority = components["schemas"]["TaskPriority"];
/** Until when, with offset (RFC 3339), from 1900 to 2999 in that offset. */
export type DueDate = components["schemas"]["DueDate"];
/** A category's id. At most 2^53 - 1, the largest integer that JavaScript represents exactly. */
export type CategoryId = components["schemas"]["CategoryId"];
/** What the category is called; unique among the user's categories. */
export type CategoryName = components["schemas"]["CategoryName"];
/** A colour as six hexadecimal digits. */
export type CategoryColor = components["schemas"]["CategoryColor"];
/** A moment in UTC (RFC 3339), set by the database. */
export type Timestamp = components["schemas"]["Timestamp"];
/** How many items a page holds at the most. */
export type Limit = components["schemas"]["Limit"];
/** How many items to skip. */
export type Offset = components["schemas"]["Offset"];
/** A place in a list. Take it from `next_cursor`; its form may change. */
export type Cursor = components["schemas"]["Cursor"];
/** The name of a state (RFC 9110, section 8.8.3). Its form may change. */
export type EntityTag = components["schemas"]["EntityTag"];
/** Names of states, separated by commas, or `*`. */
export type EntityTags = components["schemas"]["EntityTags"];
/** Visible ASCII characters, compared as they stand; quotation marks are not required and count as part of it. */
export type IdempotencyKey = components["schemas"]["IdempotencyKey"];
/** How many items there are in all. */
export type Total = components["schemas"]["Total"];
/** A number of seconds. */
export type RetryAfter = components["schemas"]["RetryAfter"];
/** A task to create. */
export type TaskCreate = components["schemas"]["TaskCreate"];
/** A whole task. */
export type TaskReplace = components["schemas"]["TaskReplace"];
/** Changes to a task; what is left out stays as it is. */
export type TaskUpdate = components["schemas"]["TaskUpdate"];
/** A category to create. */
export type CategoryCreate = components["schemas"]["CategoryCreate"];
/** A whole category. */
export type CategoryReplace = components["schemas"]["CategoryReplace"];
/** Changes to a category; what is left out stays as it is. */
export type CategoryUpdate = components["schemas"]["CategoryUpdate"];
/** What the service is. */
export type RootResponse = components["schemas"]["RootResponse"];
/** The process is alive. */
export type HealthResponse = components["schemas"]["HealthResponse"];
/** The service can do its work. */
export type ReadinessResponse = components["schemas"]["ReadinessResponse"];
/** A user's profile, as the login service described it. */
export type UserResponse = components["schemas"]["UserResponse"];
/** A task. */
export type TaskResponse = components["schemas"]["TaskResponse"];
/** One page of tasks. */
export type TaskListResponse = components["schemas"]["TaskListResponse"];
/** A category. */
export type CategoryResponse = components["schemas"]["CategoryResponse"];
/** One page of categories. */
export type CategoryListResponse = components["schemas"]["CategoryListResponse"];
/** A message for people. */
export type MessageResponse = components["schemas"]["MessageResponse"];
/** Why the request was not served. */
export type ErrorResponse = components["schemas"]["ErrorResponse"];
/** Everything about the request that does not fit the contract. */
export type ValidationErrorResponse = components["schemas"]["ValidationErrorResponse"];
/** One finding. */
export type ValidationErrorItem = components["schemas"]["ValidationErrorItem"];

/** How each operation is called. */
export const routes = {
  /** Name the service. Says what this service is and where its documentation and health stand. */
  getRoot: ["GET", "/"],
  /** Liveness. Answers as long as the process runs. Touches no database; see `/ready` for that. */
  getHealth: ["GET", "/health"],
  /** Readiness. Answers 200 while the database can be reached and its migrations are applied, and 503 otherwise, and as soon as the service is asked to stop. */
  getReadiness: ["GET", "/ready"],
  /** Read the caller's profile. The profile as the login service last described it. It is created when a valid token is first seen, so there is nothing to post. */
  getUser: ["GET", "/api/{user_id}"],
  /** Erase the caller's account. Erases the caller with every task and category that they own, at once and for good. The account stays erased until a token that was issued after the erasure arrives; until then all of the caller's paths answer 404. */
  deleteUser: ["DELETE", "/api/{user_id}"],
  /** List tasks. The caller's tasks, newest first. `total` counts all tasks that the filters let through, whatever the page. To read on, pass `next_cursor` as `cursor`: the pages then neither repeat nor skip a task when others are created or deleted in between, and a late page costs no more than the first. */
  listTasks: ["GET", "/api/{user_id}/tasks"],
  /** Create a task. Creates a task. Only `title` is required; each other property says what it is when left out. */
  createTask: ["POST", "/api/{user_id}/tasks"],
  /** Read a task. One of the caller's tasks. */
  getTask: ["GET", "/api/{user_id}/tasks/{task_id}"],
  /** Replace a task. Replaces the task. `title` is required, and a property that is left out returns to its default. */
  replaceTask: ["PUT", "/api/{user_id}/tasks/{task_id}"],
  /** Change a task. Changes only the properties that are given; `null` clears a property that can be null. */
  updateTask: ["PATCH", "/api/{user_id}/tasks/{task_id}"],
  /** Delete a task. Deletes the task for good. */
  deleteTask: ["DELETE", "/api/{user_id}/tasks/{task_id}"],
  /** Toggle whether a task is done. Marks an open task as done and a done task as open, in one step: of two toggles at the same moment, each takes effect. */
  toggleTask: ["PATCH", "/api/{user_id}/tasks/{task_id}/complete"],
  /** List categories. The caller's categories, newest first, paged as tasks are. */
  listCategories: ["GET", "/api/{user_id}/categories"],
  /** Create a category. Creates a category. Its name must differ from those of the caller's other categories. */
  createCategory: ["POST", "/api/{user_id}/categories"],
  /** Read a category. One of the caller's categories. */
  getCategory: ["GET", "/api/{user_id}/categories/{category_id}"],
  /** Replace a category. Replaces the category. `name` is required, and a colour that is left out returns to its default. */
  replaceCategory: ["PUT", "/api/{user_id}/categories/{category_id}"],
  /** Change a category. Changes only the properties that are given. */
  updateCategory: ["PATCH", "/api/{user_id}/categories/{category_id}"],
  /** Delete a category. Deletes the category for good. Its tasks stay, with `category_id` null. */
  deleteCategory: ["DELETE", "/api/{user_id}/categories/{category_id}"],
} as const;

/** The parameters that are sent as headers. */
export const headers: readonly string[] = ["Idempotency-Key", "If-Match", "If-None-Match"];

/** The query parameters whose arrays are sent as one value, with commas (`explode: false`). */
export const joined: readonly string[] = [];
