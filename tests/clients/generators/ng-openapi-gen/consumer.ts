import "@angular/compiler";
import { HttpClient, HttpErrorResponse, provideHttpClient, withFetch, withInterceptors } from "@angular/common/http";
import {
  createEnvironmentInjector,
  EnvironmentInjector,
  Injector,
  provideZonelessChangeDetection,
  ɵINJECTOR_SCOPE as INJECTOR_SCOPE,
} from "@angular/core";
import { firstValueFrom } from "rxjs";
import { createTask } from "./generated/fn/tasks/create-task";
import { getTask } from "./generated/fn/tasks/get-task";
import { listTasks } from "./generated/fn/tasks/list-tasks";
import { toggleTask } from "./generated/fn/tasks/toggle-task";
import { updateTask } from "./generated/fn/tasks/update-task";
import type { ErrorResponse } from "./generated/models";
import { check, setting } from "./scenario";

const root = setting("API_URL");
const user_id = setting("USER_ID");
const providers = provideHttpClient(
  withFetch(),
  withInterceptors([
    (request, next) => next(request.clone({ setHeaders: { Authorization: `Bearer ${setting("TOKEN")}` } })),
  ]),
);
const http = createEnvironmentInjector(
  [providers, provideZonelessChangeDetection(), { provide: INJECTOR_SCOPE, useValue: "root" }],
  Injector.NULL as EnvironmentInjector,
).get(HttpClient);

function failed(error: unknown): HttpErrorResponse {
  if (error instanceof HttpErrorResponse) return error;
  throw error;
}

await check<number>({
  create: async (title) =>
    (await firstValueFrom(createTask(http, root, { user_id, body: { title, priority: "high" } }))).body,
  list: async (limit, cursor) =>
    (await firstValueFrom(listTasks(http, root, { user_id, priority: "high", limit, cursor }))).body,
  get: async (task_id) => (await firstValueFrom(getTask(http, root, { user_id, task_id }))).body,
  missing: async (task_id) => {
    try {
      await firstValueFrom(getTask(http, root, { user_id, task_id }));
      return "no error";
    } catch (error) {
      // The body of an error is `any` in Angular.
      const body: ErrorResponse = failed(error).error;
      return body.code;
    }
  },
  toggle: async (task_id, key) =>
    (await firstValueFrom(toggleTask(http, root, { user_id, task_id, "Idempotency-Key": key }))).body,
  rename: async (task_id, title, etag) => {
    try {
      const changed = updateTask(http, root, { user_id, task_id, "If-Match": etag, body: { title } });
      return (await firstValueFrom(changed)).status;
    } catch (error) {
      return failed(error).status;
    }
  },
});
