import { configureStore } from "@reduxjs/toolkit";
import { api, type ErrorResponse } from "./generated/api";
import { check, setting } from "./scenario";

const store = configureStore({
  reducer: { [api.reducerPath]: api.reducer },
  middleware: (defaults) => defaults().concat(api.middleware),
});
const userId = encodeURIComponent(setting("USER_ID"));

/** Return the status and the body of a failed request; the body is `unknown`. */
function failed(error: unknown): { status: number; data: unknown } {
  if (typeof error === "object" && error && "status" in error && typeof error.status === "number" && "data" in error)
    return { status: error.status, data: error.data };
  throw error;
}

const { createTask, getTask, listTasks, toggleTask, updateTask } = api.endpoints;
await check<number>({
  create: (title) =>
    store.dispatch(createTask.initiate({ userId, taskCreate: { title, priority: "high" } })).unwrap(),
  list: (limit, cursor) =>
    store
      .dispatch(listTasks.initiate({ userId, priority: "high", limit, cursor }, { forceRefetch: true }))
      .unwrap(),
  get: (taskId) => store.dispatch(getTask.initiate({ userId, taskId })).unwrap(),
  missing: async (taskId) => {
    const { error } = await store.dispatch(getTask.initiate({ userId, taskId }));
    return (failed(error).data as ErrorResponse).code;
  },
  toggle: (taskId, key) => store.dispatch(toggleTask.initiate({ userId, taskId, "Idempotency-Key": key })).unwrap(),
  rename: async (taskId, title, etag) => {
    const arguments_ = { userId, taskId, "If-Match": etag, taskUpdate: { title } };
    const { error } = await store.dispatch(updateTask.initiate(arguments_));
    return error ? failed(error).status : 200;
  },
});
