export { createTaskClient } from "./client.js";
export type { Method, RequestOptions, TaskClient, TaskClientOptions } from "./client.js";
export { TaskApiError, UnexpectedResponseError } from "./errors.js";
export { items, pages } from "./pages.js";
export type {
  Arguments,
  ListOperationId,
  OperationId,
  Page,
  ReadOperationId,
  Result,
  WriteOperationId,
} from "./operations.js";
export type * from "./contract.js";
export type { components, operations, paths } from "./schema.js";
