// Written by scripts/client from openapi.yaml: change the contract, not this file.

import type { components } from "./schema.js";

/** The id of the user at the login service. */
export type UserId = components["schemas"]["UserId"];
/** A task's id. At most 2^53 - 1, the largest integer that JavaScript represents exactly. */
export type TaskId = components["schemas"]["TaskId"];
/** The title of the task. */
export type TaskTitle = components["schemas"]["TaskTitle"];
/** Details of the task. */
export type TaskDescription = components["schemas"]["TaskDescription"];
/** Whether the task is completed. */
export type TaskCompleted = components["schemas"]["TaskCompleted"];
/** The priority of the task. */
export type TaskPriority = components["schemas"]["TaskPriority"];
/** The due date, with offset (RFC 3339), from 1900 to 2999 in that offset. */
export type DueDate = components["schemas"]["DueDate"];
/** A category's id. At most 2^53 - 1, the largest integer that JavaScript represents exactly. */
export type CategoryId = components["schemas"]["CategoryId"];
/** The name of the category, unique among the user's categories. */
export type CategoryName = components["schemas"]["CategoryName"];
/** A colour as six hexadecimal digits. */
export type CategoryColor = components["schemas"]["CategoryColor"];
/** A timestamp in UTC (RFC 3339). */
export type Timestamp = components["schemas"]["Timestamp"];
/** The maximum number of items on a page. */
export type Limit = components["schemas"]["Limit"];
/** A position in a list. Use the value of `next_cursor`; its format may change. */
export type Cursor = components["schemas"]["Cursor"];
/** The number of items to skip. */
export type Offset = components["schemas"]["Offset"];
/** An entity tag (RFC 9110, section 8.8.3). Its format may change. */
export type EntityTag = components["schemas"]["EntityTag"];
/** Entity tags separated by commas, or `*`. A list may have empty elements, and may be sent in several field lines (RFC 9110, sections 5.3 and 5.6.1.2). */
export type EntityTags = components["schemas"]["EntityTags"];
/** Visible ASCII characters, compared exactly. Quotation marks are optional and are part of the key. */
export type IdempotencyKey = components["schemas"]["IdempotencyKey"];
/** The number of items on all pages. */
export type Total = components["schemas"]["Total"];
/** The reason, for use by programs. Later versions may add codes: treat an unknown code as its status says. */
export type ErrorCode = components["schemas"]["ErrorCode"];
/** A name, or an index in an array. */
export type LocationPart = components["schemas"]["LocationPart"];
/** A number of seconds. */
export type RetryAfter = components["schemas"]["RetryAfter"];
/** A task to create. */
export type TaskCreate = components["schemas"]["TaskCreate"];
/** A complete task, which replaces the stored one. */
export type TaskReplace = components["schemas"]["TaskReplace"];
/** Changes to a task. Absent properties stay unchanged. */
export type TaskUpdate = components["schemas"]["TaskUpdate"];
/** A category to create. */
export type CategoryCreate = components["schemas"]["CategoryCreate"];
/** A complete category, which replaces the stored one. */
export type CategoryReplace = components["schemas"]["CategoryReplace"];
/** Changes to a category. Absent properties stay unchanged. */
export type CategoryUpdate = components["schemas"]["CategoryUpdate"];
/** The service and its links. */
export type RootResponse = components["schemas"]["RootResponse"];
/** The process is alive. */
export type HealthResponse = components["schemas"]["HealthResponse"];
/** The service is ready. */
export type ReadinessResponse = components["schemas"]["ReadinessResponse"];
/** A user's profile, from the claims of the login service. */
export type UserResponse = components["schemas"]["UserResponse"];
/** A task. */
export type TaskResponse = components["schemas"]["TaskResponse"];
/** One page of tasks. */
export type TaskListResponse = components["schemas"]["TaskListResponse"];
/** A category. */
export type CategoryResponse = components["schemas"]["CategoryResponse"];
/** One page of categories. */
export type CategoryListResponse = components["schemas"]["CategoryListResponse"];
/** A message as text. */
export type MessageResponse = components["schemas"]["MessageResponse"];
/** An error response. */
export type ErrorResponse = components["schemas"]["ErrorResponse"];
/** All validation errors of a request. */
export type ValidationErrorResponse = components["schemas"]["ValidationErrorResponse"];
/** One validation error. */
export type ValidationErrorItem = components["schemas"]["ValidationErrorItem"];

/** How each operation is called. */
export const routes = {
  /** Describe the service. Returns the name and version of the service, and the paths of its documentation and health check. */
  getRoot: ["GET", "/"],
  /** Liveness. Answers 200 as long as the process runs. It does not use the database; `/ready` does. */
  getHealth: ["GET", "/health"],
  /** Readiness. Answers 200 while the database is available and its migrations are applied, and 503 otherwise. It also answers 503 as soon as the service begins to shut down. */
  getReadiness: ["GET", "/ready"],
  /** List tasks. Returns one page of the caller's tasks, newest first. `total` is the number of tasks that match the filters, on all pages. For the next page, pass `next_cursor` as `cursor` (keyset pagination): no task is repeated or skipped when other tasks are created or deleted in between, and every page is as fast as the first. */
  listTasks: ["GET", "/api/{user_id}/tasks"],
  /** Create a task. Creates a task. Only `title` is required. The schema describes the default of each other property. */
  createTask: ["POST", "/api/{user_id}/tasks"],
  /** Toggle whether a task is completed. Marks an open task as completed and a completed task as open, atomically: two concurrent toggles both take effect. */
  toggleTask: ["PATCH", "/api/{user_id}/tasks/{task_id}/complete"],
  /** Read a task. Returns one of the caller's tasks. */
  getTask: ["GET", "/api/{user_id}/tasks/{task_id}"],
  /** Replace a task. Replaces the task. `title` is required. An absent property is set to its default. */
  replaceTask: ["PUT", "/api/{user_id}/tasks/{task_id}"],
  /** Change a task. Changes only the properties in the body. `null` clears a nullable property. */
  updateTask: ["PATCH", "/api/{user_id}/tasks/{task_id}"],
  /** Delete a task. Permanently deletes the task. */
  deleteTask: ["DELETE", "/api/{user_id}/tasks/{task_id}"],
  /** List categories. Returns one page of the caller's categories, newest first. Pages work as in `listTasks`. */
  listCategories: ["GET", "/api/{user_id}/categories"],
  /** Create a category. Creates a category. Its name must differ from those of the caller's other categories. */
  createCategory: ["POST", "/api/{user_id}/categories"],
  /** Read a category. Returns one of the caller's categories. */
  getCategory: ["GET", "/api/{user_id}/categories/{category_id}"],
  /** Replace a category. Replaces the category. `name` is required. An absent colour is set to its default. */
  replaceCategory: ["PUT", "/api/{user_id}/categories/{category_id}"],
  /** Change a category. Changes only the properties in the body. */
  updateCategory: ["PATCH", "/api/{user_id}/categories/{category_id}"],
  /** Delete a category. Permanently deletes the category. Its tasks are kept, and their `category_id` becomes null. */
  deleteCategory: ["DELETE", "/api/{user_id}/categories/{category_id}"],
  /** Read the caller's profile. The profile from the claims of the most recently issued token. The server creates it when it first receives a valid token of the user, so there is no operation to create a user. */
  getUser: ["GET", "/api/{user_id}"],
  /** Erase the caller's account. Permanently deletes the caller's account with all tasks and categories. The account stays erased until the server receives a token that was issued after the erasure. Until then, all paths of the caller answer 404. */
  deleteUser: ["DELETE", "/api/{user_id}"],
} as const;

/** The parameters that are sent as headers. */
export const headers: readonly string[] = ["Idempotency-Key", "If-Match", "If-None-Match"];

/** The query parameters whose arrays are sent as one value, with commas (`explode: false`). */
export const joined: readonly string[] = [];
