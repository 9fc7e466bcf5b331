// Written by specfirst client typescript: change the contract, not this file.

import type * as schemas from "./schemas.js";
import type { ClientError, Codecs, Event, Others, Scheme, ServerError, Stream, Table } from "./types.js";
import type { Upload as $Upload } from "./types.js";

export interface Operations {
  /** Describe the service. Returns the name and version of the service, and the paths of its documentation and health check. */
  getRoot: {
    arguments: {};
    options: {};
    result: schemas.RootResponse;
    accepts: {};
    errors: ErrorGroups["e1"]["errors"];
  };
  /** Liveness. Answers 200 as long as the process runs. It does not use the database; `/ready` does. */
  getHealth: {
    arguments: {};
    options: {};
    result: schemas.HealthResponse;
    accepts: {};
    errors: ErrorGroups["e1"]["errors"];
  };
  /** Readiness. Answers 200 while the database is available and its migrations are applied, and 503 otherwise. It also answers 503 as soon as the service begins to shut down. */
  getReadiness: {
    arguments: {};
    options: {};
    result: schemas.ReadinessResponse;
    accepts: {};
    errors: ErrorGroups["e2"]["errors"];
  };
  /** List tasks. Returns one page of the caller's tasks, newest first. `total` is the number of tasks that match the filters, on all pages. For the next page, pass `next_cursor` as `cursor` (keyset pagination): no task is repeated or skipped when other tasks are created or deleted in between, and every page is as fast as the first. */
  listTasks: {
    arguments: {
      user_id: schemas.UserId;
      completed?: schemas.TaskCompleted | undefined;
      priority?: schemas.TaskPriority | undefined;
      category_id?: schemas.CategoryId | undefined;
      limit?: schemas.Limit | undefined;
      cursor?: schemas.Cursor | undefined;
      offset?: schemas.Offset | undefined;
    };
    options: {};
    result: schemas.TaskListResponse;
    accepts: {};
    errors: ErrorGroups["e3"]["errors"];
  };
  /** Create a task. Creates a task. Only `title` is required. The schema describes the default of each other property. */
  createTask: {
    arguments: {
      user_id: schemas.UserId;
      "Idempotency-Key"?: schemas.IdempotencyKey | undefined;
      body: schemas.TaskCreate;
    };
    options: { idempotencyKey?: schemas.IdempotencyKey | undefined; };
    result: schemas.TaskResponse;
    accepts: {};
    errors: ErrorGroups["e4"]["errors"];
  };
  /** Toggle whether a task is completed. Marks an open task as completed and a completed task as open, atomically: two concurrent toggles both take effect. */
  toggleTask: {
    arguments: {
      user_id: schemas.UserId;
      task_id: schemas.TaskId;
      "If-Match"?: schemas.EntityTags | undefined;
      "If-None-Match"?: schemas.EntityTags | undefined;
      "Idempotency-Key"?: schemas.IdempotencyKey | undefined;
    };
    options: { ifMatch?: schemas.EntityTags | undefined; idempotencyKey?: schemas.IdempotencyKey | undefined; };
    result: schemas.TaskResponse;
    accepts: {};
    errors: ErrorGroups["e5"]["errors"];
  };
  /** Read a task. Returns one of the caller's tasks. */
  getTask: {
    arguments: {
      user_id: schemas.UserId;
      task_id: schemas.TaskId;
      "If-Match"?: schemas.EntityTags | undefined;
    };
    options: { ifMatch?: schemas.EntityTags | undefined; };
    result: schemas.TaskResponse;
    accepts: {};
    errors: ErrorGroups["e5"]["errors"];
  };
  /** Replace a task. Replaces the task. `title` is required. An absent property is set to its default. */
  replaceTask: {
    arguments: {
      user_id: schemas.UserId;
      task_id: schemas.TaskId;
      "If-Match"?: schemas.EntityTags | undefined;
      "If-None-Match"?: schemas.EntityTags | undefined;
      body: schemas.TaskReplace;
    };
    options: { ifMatch?: schemas.EntityTags | undefined; };
    result: schemas.TaskResponse;
    accepts: {};
    errors: ErrorGroups["e6"]["errors"];
  };
  /** Change a task. Changes only the properties in the body. `null` clears a nullable property. */
  updateTask: {
    arguments: {
      user_id: schemas.UserId;
      task_id: schemas.TaskId;
      "If-Match"?: schemas.EntityTags | undefined;
      "If-None-Match"?: schemas.EntityTags | undefined;
      body: schemas.TaskUpdate;
    };
    options: { ifMatch?: schemas.EntityTags | undefined; };
    result: schemas.TaskResponse;
    accepts: {};
    errors: ErrorGroups["e6"]["errors"];
  };
  /** Delete a task. Permanently deletes the task. */
  deleteTask: {
    arguments: {
      user_id: schemas.UserId;
      task_id: schemas.TaskId;
      "If-Match"?: schemas.EntityTags | undefined;
      "If-None-Match"?: schemas.EntityTags | undefined;
    };
    options: { ifMatch?: schemas.EntityTags | undefined; };
    result: schemas.MessageResponse;
    accepts: {};
    errors: ErrorGroups["e5"]["errors"];
  };
  /** List categories. Returns one page of the caller's categories, newest first. Pages work as in `listTasks`. */
  listCategories: {
    arguments: {
      user_id: schemas.UserId;
      limit?: schemas.Limit | undefined;
      cursor?: schemas.Cursor | undefined;
      offset?: schemas.Offset | undefined;
    };
    options: {};
    result: schemas.CategoryListResponse;
    accepts: {};
    errors: ErrorGroups["e3"]["errors"];
  };
  /** Create a category. Creates a category. Its name must differ from those of the caller's other categories. */
  createCategory: {
    arguments: {
      user_id: schemas.UserId;
      "Idempotency-Key"?: schemas.IdempotencyKey | undefined;
      body: schemas.CategoryCreate;
    };
    options: { idempotencyKey?: schemas.IdempotencyKey | undefined; };
    result: schemas.CategoryResponse;
    accepts: {};
    errors: ErrorGroups["e7"]["errors"];
  };
  /** Read a category. Returns one of the caller's categories. */
  getCategory: {
    arguments: {
      user_id: schemas.UserId;
      category_id: schemas.CategoryId;
      "If-Match"?: schemas.EntityTags | undefined;
    };
    options: { ifMatch?: schemas.EntityTags | undefined; };
    result: schemas.CategoryResponse;
    accepts: {};
    errors: ErrorGroups["e5"]["errors"];
  };
  /** Replace a category. Replaces the category. `name` is required. An absent colour is set to its default. */
  replaceCategory: {
    arguments: {
      user_id: schemas.UserId;
      category_id: schemas.CategoryId;
      "If-Match"?: schemas.EntityTags | undefined;
      "If-None-Match"?: schemas.EntityTags | undefined;
      body: schemas.CategoryReplace;
    };
    options: { ifMatch?: schemas.EntityTags | undefined; };
    result: schemas.CategoryResponse;
    accepts: {};
    errors: ErrorGroups["e8"]["errors"];
  };
  /** Change a category. Changes only the properties in the body. */
  updateCategory: {
    arguments: {
      user_id: schemas.UserId;
      category_id: schemas.CategoryId;
      "If-Match"?: schemas.EntityTags | undefined;
      "If-None-Match"?: schemas.EntityTags | undefined;
      body: schemas.CategoryUpdate;
    };
    options: { ifMatch?: schemas.EntityTags | undefined; };
    result: schemas.CategoryResponse;
    accepts: {};
    errors: ErrorGroups["e8"]["errors"];
  };
  /** Delete a category. Permanently deletes the category. Its tasks are kept, and their `category_id` becomes null. */
  deleteCategory: {
    arguments: {
      user_id: schemas.UserId;
      category_id: schemas.CategoryId;
      "If-Match"?: schemas.EntityTags | undefined;
      "If-None-Match"?: schemas.EntityTags | undefined;
    };
    options: { ifMatch?: schemas.EntityTags | undefined; };
    result: schemas.MessageResponse;
    accepts: {};
    errors: ErrorGroups["e5"]["errors"];
  };
  /** Read the caller's profile. The profile from the claims of the most recently issued token. The server creates it when it first receives a valid token of the user, so there is no operation to create a user. */
  getUser: {
    arguments: {
      user_id: schemas.UserId;
    };
    options: {};
    result: schemas.UserResponse;
    accepts: {};
    errors: ErrorGroups["e3"]["errors"];
  };
  /** Erase the caller's account. Permanently deletes the caller's account with all tasks and categories. The account stays erased until the server receives a token that was issued after the erasure. Until then, all paths of the caller answer 404. */
  deleteUser: {
    arguments: {
      user_id: schemas.UserId;
    };
    options: {};
    result: schemas.MessageResponse;
    accepts: {};
    errors: ErrorGroups["e3"]["errors"];
  };
}

/** Operations with the same error responses. */
export interface ErrorGroups {
  e1: {
    operations: "getRoot" | "getHealth";
    errors: {
      422: schemas.ValidationErrorResponse;
      500: schemas.ErrorResponse;
    };
  };
  e2: {
    operations: "getReadiness";
    errors: {
      422: schemas.ValidationErrorResponse;
      500: schemas.ErrorResponse;
      503: schemas.ErrorResponse;
    };
  };
  e3: {
    operations: "listTasks" | "listCategories" | "getUser" | "deleteUser";
    errors: {
      401: schemas.ErrorResponse;
      403: schemas.ErrorResponse;
      404: schemas.ErrorResponse;
      422: schemas.ValidationErrorResponse;
      429: schemas.ErrorResponse;
      500: schemas.ErrorResponse;
      503: schemas.ErrorResponse;
    };
  };
  e4: {
    operations: "createTask";
    errors: {
      400: schemas.ErrorResponse;
      401: schemas.ErrorResponse;
      403: schemas.ErrorResponse;
      404: schemas.ErrorResponse;
      413: schemas.ErrorResponse;
      415: schemas.ErrorResponse;
      422: schemas.ValidationErrorResponse;
      429: schemas.ErrorResponse;
      500: schemas.ErrorResponse;
      503: schemas.ErrorResponse;
    };
  };
  e5: {
    operations: "toggleTask" | "getTask" | "deleteTask" | "getCategory" | "deleteCategory";
    errors: {
      401: schemas.ErrorResponse;
      403: schemas.ErrorResponse;
      404: schemas.ErrorResponse;
      412: schemas.ErrorResponse;
      422: schemas.ValidationErrorResponse;
      429: schemas.ErrorResponse;
      500: schemas.ErrorResponse;
      503: schemas.ErrorResponse;
    };
  };
  e6: {
    operations: "replaceTask" | "updateTask";
    errors: {
      400: schemas.ErrorResponse;
      401: schemas.ErrorResponse;
      403: schemas.ErrorResponse;
      404: schemas.ErrorResponse;
      412: schemas.ErrorResponse;
      413: schemas.ErrorResponse;
      415: schemas.ErrorResponse;
      422: schemas.ValidationErrorResponse;
      429: schemas.ErrorResponse;
      500: schemas.ErrorResponse;
      503: schemas.ErrorResponse;
    };
  };
  e7: {
    operations: "createCategory";
    errors: {
      400: schemas.ErrorResponse;
      401: schemas.ErrorResponse;
      403: schemas.ErrorResponse;
      404: schemas.ErrorResponse;
      409: schemas.ErrorResponse;
      413: schemas.ErrorResponse;
      415: schemas.ErrorResponse;
      422: schemas.ValidationErrorResponse;
      429: schemas.ErrorResponse;
      500: schemas.ErrorResponse;
      503: schemas.ErrorResponse;
    };
  };
  e8: {
    operations: "replaceCategory" | "updateCategory";
    errors: {
      400: schemas.ErrorResponse;
      401: schemas.ErrorResponse;
      403: schemas.ErrorResponse;
      404: schemas.ErrorResponse;
      409: schemas.ErrorResponse;
      412: schemas.ErrorResponse;
      413: schemas.ErrorResponse;
      415: schemas.ErrorResponse;
      422: schemas.ValidationErrorResponse;
      429: schemas.ErrorResponse;
      500: schemas.ErrorResponse;
      503: schemas.ErrorResponse;
    };
  };
}
export type ReadOperationId = "getRoot" | "getHealth" | "getReadiness" | "listTasks" | "getTask" | "listCategories" | "getCategory" | "getUser";
export type ListOperationId = "listTasks" | "listCategories";
export type ServerUrl = never;
export declare const name: string;
export declare const basePath: string;
export declare const schemes: Readonly<Record<string, Scheme>>;
export declare const codecs: Codecs;
export declare const operations: Table;
export declare const affected: Readonly<Record<string, readonly string[]>>;
