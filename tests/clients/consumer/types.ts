// What must not compile. A line below @ts-expect-error that does compile is an error of the compiler itself.
import { createTaskClient, items, pages, TaskApiError } from "@tasks-api/client";
import type { Arguments, OperationId, Result, TaskClient, TaskResponse, TaskUpdate } from "@tasks-api/client";
import { apiQuery, useApiMutation, useApiPages, useApiQuery } from "@tasks-api/client/react";

declare const api: TaskClient;
declare const caught: unknown;
const user_id = "ada";
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function certain<_ extends true>(): void {}

// Making a client.
createTaskClient({ baseUrl: "/", getToken: () => null, credentials: "include", headers: { "X-Trace": "1" } });
// @ts-expect-error There is no default for where the API stands.
createTaskClient({});
// @ts-expect-error A token is text.
createTaskClient({ baseUrl: "/", getToken: () => 5 });

// Arguments.
certain<Same<Arguments<"getTask">, { user_id: string; task_id: number; "If-Match"?: string | undefined }>>();
certain<Same<Parameters<typeof api.getHealth>[0], {} | undefined>>();
void api.listTasks({ user_id, priority: undefined, category_id: undefined });
// @ts-expect-error The path needs both.
void api.getTask({ user_id });
// @ts-expect-error An id is a number.
void api.getTask({ user_id, task_id: "1" });
// @ts-expect-error Arguments are needed.
void api.listTasks();
// @ts-expect-error There is no such filter.
void api.listTasks({ user_id, priorty: "high" });
// @ts-expect-error There is no such priority.
void api.listTasks({ user_id, priority: "urgent" });
// @ts-expect-error There is no such operation.
void api.archiveTask({ user_id, task_id: 1 });
// @ts-expect-error GET has no body.
void api.getTask({ user_id, task_id: 1, body: {} });
// @ts-expect-error A signal is no argument of the operation.
void api.listTasks({ user_id, signal: AbortSignal.abort() });
void api.listTasks({ user_id }, { signal: undefined });

// Headers.
void api.deleteTask({ user_id, task_id: 1, "If-Match": undefined });
// @ts-expect-error A creation depends on no state.
void api.createTask({ user_id, body: { title: "One" }, "If-Match": '"1"' });
// @ts-expect-error The answer to this may have no body.
void api.getTask({ user_id, task_id: 1, "If-None-Match": "*" });

// Bodies.
// @ts-expect-error A task has a title.
void api.createTask({ user_id, body: {} });
// @ts-expect-error A body is needed.
void api.createTask({ user_id });
// @ts-expect-error The server sets the id.
void api.createTask({ user_id, body: { title: "One", id: 1 } });
// @ts-expect-error A title cannot be null.
void api.updateTask({ user_id, task_id: 1, body: { title: null } });
// @ts-expect-error What stays as it is, is left out; undefined would say nothing.
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
  // @ts-expect-error It is text, or a list of findings.
  caught.body.detail.toUpperCase();
  if (caught.status === 404) caught.body.detail.toUpperCase();
  if (caught.status === 422) {
    caught.body.detail.map((finding) => [finding.loc, finding.msg.length, finding.type]);
    // @ts-expect-error These are findings.
    caught.body.detail.toUpperCase();
  }
  // @ts-expect-error The contract knows no such status.
  if (caught.status === 418) caught.message;
  if (caught.operationId === "getTask") {
    certain<Same<(typeof caught)["status"], 401 | 403 | 404 | 412 | 422 | 429 | 500 | 503>>();
    // @ts-expect-error Reading a task conflicts with nothing.
    if (caught.status === 409) caught.message;
  }
}
const conflict = (error: TaskApiError<"createCategory">): string => (error.status === 409 ? error.body.detail : "");
void conflict;

// Pages.
for await (const page of pages(api.listTasks, { user_id })) certain<Same<typeof page, Result<"listTasks">>>();
for await (const task of items(api.listTasks, { user_id })) certain<Same<typeof task, TaskResponse>>();
// @ts-expect-error One task is no list.
pages(api.getTask, { user_id, task_id: 1 });
// @ts-expect-error There is no such filter.
items(api.listTasks, { user_id, priorty: "high" });
// @ts-expect-error Whose tasks?
items(api.listTasks, {});

// Hooks.
export function Component(): void {
  certain<Same<NonNullable<ReturnType<typeof useApiQuery<"getTask">>["data"]>, TaskResponse>>();
  useApiQuery("getTask", { user_id, task_id: 1 }, { enabled: false, staleTime: 5 }).data?.title.toUpperCase();
  // @ts-expect-error Creating is no query.
  useApiQuery("createTask", { user_id, body: { title: "One" } });
  // @ts-expect-error The path needs both.
  useApiQuery("getTask", { user_id });
  // @ts-expect-error One task is no list.
  useApiPages("getTask", { user_id, task_id: 1 });
  // @ts-expect-error Reading is no mutation.
  useApiMutation("listTasks");
  const create = useApiMutation("createTask", { onSuccess: (task) => task.title.toUpperCase() });
  create.mutate({ user_id, body: { title: "One" } });
  // @ts-expect-error A task has a title.
  create.mutate({ user_id, body: {} });
  // @ts-expect-error Options are TanStack Query's.
  useApiQuery("getTask", { user_id, task_id: 1 }, { enabld: false });
}
void apiQuery(api, "getTask", { user_id, task_id: 1 }).queryKey;
