// Written by specfirst client typescript: change the contract, not this file.

/** The id of the user at the login service. */
export type UserId = string;
/** A task's id. At most 2^53 - 1, the largest integer that JavaScript represents exactly. */
export type TaskId = number;
/** The title of the task. */
export type TaskTitle = string;
/** Details of the task. */
export type TaskDescription = string;
/** Whether the task is completed. */
export type TaskCompleted = boolean;
/** The priority of the task. */
export type TaskPriority = "low" | "medium" | "high";
/** A date and time with offset (RFC 3339), from 1900 to 2999 in that offset. */
export type DueDate = string;
/** A category's id. At most 2^53 - 1, the largest integer that JavaScript represents exactly. */
export type CategoryId = number;
/** The name of the category, unique among the user's categories. */
export type CategoryName = string;
/** A colour as six hexadecimal digits. */
export type CategoryColor = string;
/** A timestamp in UTC (RFC 3339). */
export type Timestamp = string;
/** The maximum number of items on a page. */
export type Limit = number;
/** A position in a list. Use the value of `next_cursor`; its format may change. */
export type Cursor = string;
/** The number of items to skip. */
export type Offset = number;
/** An entity tag (RFC 9110, section 8.8.3). Its format may change. */
export type EntityTag = string;
/** Entity tags separated by commas, or `*`. A list may have empty elements, and may be sent in several field lines (RFC 9110, sections 5.3 and 5.6.1.2). */
export type EntityTags = string;
/** Visible ASCII characters, compared exactly. Quotation marks are optional and are part of the key. */
export type IdempotencyKey = string;
/** The number of items on all pages. */
export type Total = number;
/** The reason, for use by programs. Later versions may add codes: treat an unknown code as its status says. */
export type ErrorCode = string;
/** A name, or an index in an array. */
export type LocationPart = string | number;
/** A number of seconds. */
export type RetryAfter = number;
/** A task to create. */
export type TaskCreate = {
  title: TaskTitle;
  /** Details of the task. Default null. */
  description?: TaskDescription | null;
  /** Whether the task is completed. Default false. */
  completed?: TaskCompleted;
  /** The priority of the task. Default medium. */
  priority?: TaskPriority;
  /** The due date. Default null. */
  due_date?: DueDate | null;
  /** The id of one of the user's categories. Default null. */
  category_id?: CategoryId | null;
};
/** A complete task, which replaces the stored one. */
export type TaskReplace = {
  title: TaskTitle;
  /** Details of the task. Default null. */
  description?: TaskDescription | null;
  /** Whether the task is completed. Default false. */
  completed?: TaskCompleted;
  /** The priority of the task. Default medium. */
  priority?: TaskPriority;
  /** The due date. Default null. */
  due_date?: DueDate | null;
  /** The id of one of the user's categories. Default null. */
  category_id?: CategoryId | null;
};
/** Changes to a task. Absent properties stay unchanged. */
export type TaskUpdate = {
  title?: TaskTitle;
  /** Details of the task, or null for none. */
  description?: TaskDescription | null;
  completed?: TaskCompleted;
  priority?: TaskPriority;
  /** The due date, or null for none. */
  due_date?: DueDate | null;
  /** The id of one of the user's categories, or null for none. */
  category_id?: CategoryId | null;
};
/** A category to create. */
export type CategoryCreate = {
  name: CategoryName;
  /** The colour of the category. Default `#3B82F6`. */
  color?: CategoryColor;
};
/** A complete category, which replaces the stored one. */
export type CategoryReplace = {
  name: CategoryName;
  /** The colour of the category. Default `#3B82F6`. */
  color?: CategoryColor;
};
/** Changes to a category. Absent properties stay unchanged. */
export type CategoryUpdate = {
  name?: CategoryName;
  color?: CategoryColor;
};
/** The service and its links. */
export type RootResponse = {
  /** The service's name. */
  name: string;
  /** The version of this contract. */
  version: string;
  /** The path of the documentation. */
  docs: string;
  /** The path of the health check. */
  health: string;
};
/** The process is alive. */
export type HealthResponse = {
  /** Always `healthy`. */
  status: "healthy";
  /** The same as text. */
  message: string;
};
/** The service is ready. */
export type ReadinessResponse = {
  /** Always `ready`. */
  status: "ready";
};
/** A user's profile, from the claims of the login service. */
export type UserResponse = {
  id: UserId;
  /** The e-mail address, if a token contained it. */
  email: string | null;
  /** The full name, if a token contained it. */
  name: string | null;
  /** Whether the login service has verified the e-mail address. */
  email_verified: boolean;
  /** The URL of a picture, if a token contained it. */
  image: string | null;
  created_at: Timestamp;
  updated_at: Timestamp;
};
/** A task. */
export type TaskResponse = {
  id: TaskId;
  user_id: UserId;
  title: TaskTitle;
  /** Details of the task, or null. */
  description: TaskDescription | null;
  completed: TaskCompleted;
  priority: TaskPriority;
  /** The due date in UTC, or null. */
  due_date: Timestamp | null;
  /** The id of the task's category, or null. */
  category_id: CategoryId | null;
  created_at: Timestamp;
  updated_at: Timestamp;
  etag: EntityTag;
};
/** One page of tasks. */
export type TaskListResponse = {
  /** The tasks of this page, newest first. */
  items: TaskResponse[];
  total: Total;
  /** The `cursor` of the next page, or null on the last page. */
  next_cursor: Cursor | null;
};
/** A category. */
export type CategoryResponse = {
  id: CategoryId;
  user_id: UserId;
  name: CategoryName;
  color: CategoryColor;
  created_at: Timestamp;
  etag: EntityTag;
};
/** One page of categories. */
export type CategoryListResponse = {
  /** The categories of this page, newest first. */
  items: CategoryResponse[];
  total: Total;
  /** The `cursor` of the next page, or null on the last page. */
  next_cursor: Cursor | null;
};
/** A message as text. */
export type MessageResponse = {
  /** The result of the operation, as text. */
  message: string;
};
/** An error response. */
export type ErrorResponse = {
  /** The reason, as text. */
  detail: string;
  code: ErrorCode;
};
/** All validation errors of a request. */
export type ValidationErrorResponse = {
  /** The validation errors. */
  detail: ValidationErrorItem[];
  code: ErrorCode;
};
/** One validation error. */
export type ValidationErrorItem = {
  /** The place in the request, from the outside in, such as `["body", "title"]`. */
  loc: LocationPart[];
  /** What is wrong, as text that can be shown to a person. */
  msg: string;
  /** The rule that was broken, for use by programs, such as `maxLength` or `pattern`. */
  type: string;
};
