// Calls that must not compile. If the line after @ts-expect-error compiles, the compiler reports an error.
import { createTaskClient, items, pages, TaskApiError } from "@tasks-api/client";
import type {
  Arguments,
  ErrorBody,
  ErrorResponse,
  ErrorStatus,
  OperationId,
  Result,
  TaskClient,
  TaskResponse,
  TaskUpdate,
  ValidationErrorResponse,
} from "@tasks-api/client";
import { apiQuery, useApiMutation, useApiPages, useApiQuery } from "@tasks-api/client/react";

declare const api: TaskClient;
declare const caught: unknown;
const user_id = "ada";
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function certain<_ extends true>(): void {}

// Creating a client.
createTaskClient({ baseUrl: "/", getToken: () => null, credentials: "include", headers: { "X-Trace": "1" } });
// @ts-expect-error baseUrl has no default.
createTaskClient({});
// @ts-expect-error A token is a string.
createTaskClient({ baseUrl: "/", getToken: () => 5 });

// Arguments.
certain<Same<Arguments<"getTask">, { user_id: string; task_id: number; "If-Match"?: string | undefined }>>();
certain<Same<Parameters<typeof api.getHealth>[0], {} | undefined>>();
void api.listTasks({ user_id, priority: undefined, category_id: undefined });
// @ts-expect-error The path needs both parameters.
void api.getTask({ user_id });
// @ts-expect-error An id is a number.
void api.getTask({ user_id, task_id: "1" });
// @ts-expect-error Arguments are required.
void api.listTasks();
// @ts-expect-error Unknown filter.
void api.listTasks({ user_id, priorty: "high" });
// @ts-expect-error Unknown priority.
void api.listTasks({ user_id, priority: "urgent" });
// @ts-expect-error Unknown operation.
void api.archiveTask({ user_id, task_id: 1 });
// @ts-expect-error GET has no body.
void api.getTask({ user_id, task_id: 1, body: {} });
// @ts-expect-error A signal is not an argument of the operation.
void api.listTasks({ user_id, signal: AbortSignal.abort() });
void api.listTasks({ user_id }, { signal: undefined });

// Headers.
void api.deleteTask({ user_id, task_id: 1, "If-Match": undefined });
// @ts-expect-error A creation has no preconditions.
void api.createTask({ user_id, body: { title: "One" }, "If-Match": '"1"' });
// @ts-expect-error This response may have no body.
void api.getTask({ user_id, task_id: 1, "If-None-Match": "*" });
void api.updateTask({ user_id, task_id: 1, body: {} }, { ifMatch: '"1"', signal: AbortSignal.abort() });
void api.createTask({ user_id, body: { title: "One" } }, { idempotencyKey: "a", headers: { "X-Trace": "1" } });
// @ts-expect-error A creation has no preconditions.
void api.createTask({ user_id, body: { title: "One" } }, { ifMatch: '"1"' });
// @ts-expect-error Reading needs no key.
void api.getTask({ user_id, task_id: 1 }, { idempotencyKey: "a" });
certain<Same<Awaited<ReturnType<ReturnType<typeof api.getTask>["withResponse"]>>["data"], TaskResponse>>();

// Bodies.
// @ts-expect-error A task needs a title.
void api.createTask({ user_id, body: {} });
// @ts-expect-error A body is required.
void api.createTask({ user_id });
// @ts-expect-error The server sets the id.
void api.createTask({ user_id, body: { title: "One", id: 1 } });
// @ts-expect-error A title cannot be null.
void api.updateTask({ user_id, task_id: 1, body: { title: null } });
// @ts-expect-error Unchanged properties are omitted, not undefined.
const change: TaskUpdate = { title: undefined };
void api.updateTask({ user_id, task_id: 1, body: { due_date: null, ...change } });

// Results.
certain<Same<Result<"createTask">, TaskResponse>>();
certain<Same<TaskResponse["due_date"], string | null>>();
certain<Same<TaskResponse["priority"], "low" | "medium" | "high">>();
certain<Same<Awaited<ReturnType<typeof api.getTask>>, TaskResponse>>();
const { items: tasks } = await api.listTasks({ user_id });
// @ts-expect-error The list may be empty.
tasks[0].title;

// Errors.
if (caught instanceof TaskApiError) {
  certain<Same<(typeof caught)["status"], 400 | 401 | 403 | 404 | 409 | 412 | 413 | 415 | 422 | 429 | 500 | 503>>();
  certain<Same<(typeof caught)["operationId"], OperationId>>();
  // @ts-expect-error The detail is a string or a list of validation errors.
  caught.body.detail.toUpperCase();
  if (caught.status === 404) caught.body.detail.toUpperCase();
  if (caught.status === 422) {
    caught.body.detail.map((error) => [error.loc, error.msg.length, error.type]);
    // @ts-expect-error The detail is a list of validation errors.
    caught.body.detail.toUpperCase();
  }
  // @ts-expect-error The contract does not declare this status.
  if (caught.status === 418) caught.message;
  if (caught.operationId === "getTask") {
    certain<Same<(typeof caught)["status"], 401 | 403 | 404 | 412 | 422 | 429 | 500 | 503>>();
    // @ts-expect-error Reading a task cannot answer 409.
    if (caught.status === 409) caught.message;
  }
}
certain<Same<ErrorStatus<"getTask">, 401 | 403 | 404 | 412 | 422 | 429 | 500 | 503>>();
certain<Same<ErrorBody<"getTask", 404>, ErrorResponse>>();
certain<Same<ErrorBody<"getTask", 422>, ValidationErrorResponse>>();
const conflict = (error: TaskApiError<"createCategory">): string => (error.status === 409 ? error.body.detail : "");
void conflict;

// Pages.
for await (const page of pages(api.listTasks, { user_id })) certain<Same<typeof page, Result<"listTasks">>>();
for await (const task of items(api.listTasks, { user_id })) certain<Same<typeof task, TaskResponse>>();
// @ts-expect-error One task is not a list.
pages(api.getTask, { user_id, task_id: 1 });
// @ts-expect-error Unknown filter.
items(api.listTasks, { user_id, priorty: "high" });
// @ts-expect-error The user is required.
items(api.listTasks, {});

// Hooks.
export function Component(): void {
  certain<Same<NonNullable<ReturnType<typeof useApiQuery<"getTask">>["data"]>, TaskResponse>>();
  useApiQuery("getTask", { user_id, task_id: 1 }, { enabled: false, staleTime: 5 }).data?.title.toUpperCase();
  // @ts-expect-error A creation is not a query.
  useApiQuery("createTask", { user_id, body: { title: "One" } });
  // @ts-expect-error The path needs both parameters.
  useApiQuery("getTask", { user_id });
  // @ts-expect-error One task is not a list.
  useApiPages("getTask", { user_id, task_id: 1 });
  // @ts-expect-error Reading is not a mutation.
  useApiMutation("listTasks");
  const create = useApiMutation("createTask", {
    onMutate: ({ body }) => ({ before: body.title }),
    onError: (_error, _variables, context) => context?.before.toUpperCase(),
    onSuccess: (task) => task.title.toUpperCase(),
    invalidates: ["listTasks"],
    retry: 3,
  });
  create.mutate({ user_id, body: { title: "One" }, options: { signal: AbortSignal.abort(), idempotencyKey: "a" } });
  // @ts-expect-error A task needs a title.
  create.mutate({ user_id, body: {} });
  // @ts-expect-error A creation has no preconditions.
  create.mutate({ user_id, body: { title: "One" }, options: { ifMatch: '"1"' } });
  // @ts-expect-error A creation is not a query, which could be invalidated.
  useApiMutation("createTask", { invalidates: ["createTask"] });
  const some = useApiPages("listTasks", { user_id }, { enabled: false, select: ({ pages }) => pages.length });
  certain<Same<typeof some.data, number | undefined>>();
  certain<Same<NonNullable<ReturnType<typeof useApiPages<"listTasks">>["data"]>["pages"][0]["total"], number>>();
  // @ts-expect-error Unknown option of TanStack Query.
  useApiPages("listTasks", { user_id }, { enabld: false });
  // @ts-expect-error Unknown option of TanStack Query.
  useApiQuery("getTask", { user_id, task_id: 1 }, { enabld: false });
}
void apiQuery(api, "getTask", { user_id, task_id: 1 }).queryKey;
