import createClient from "openapi-fetch";
import type { paths } from "./generated/schema";
import { check, setting } from "./scenario";

const api = createClient<paths>({
  baseUrl: setting("API_URL"),
  headers: { Authorization: `Bearer ${setting("TOKEN")}` },
});
const user_id = setting("USER_ID");

function needed<T>({ data, error }: { data?: T; error?: unknown }): T {
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
}

await check<number>({
  create: async (title) =>
    needed(await api.POST("/api/{user_id}/tasks", { params: { path: { user_id } }, body: { title, priority: "high" } })),
  list: async (limit, cursor) =>
    needed(
      await api.GET("/api/{user_id}/tasks", {
        params: { path: { user_id }, query: { priority: "high", limit, cursor } },
      }),
    ),
  get: async (task_id) =>
    needed(await api.GET("/api/{user_id}/tasks/{task_id}", { params: { path: { user_id, task_id } } })),
  missing: async (task_id) => {
    const { error } = await api.GET("/api/{user_id}/tasks/{task_id}", { params: { path: { user_id, task_id } } });
    return error?.code ?? "no error";
  },
  toggle: async (task_id, key) =>
    needed(
      await api.PATCH("/api/{user_id}/tasks/{task_id}/complete", {
        params: { path: { user_id, task_id }, header: { "Idempotency-Key": key } },
      }),
    ),
  rename: async (task_id, title, etag) => {
    const params = { path: { user_id, task_id }, header: { "If-Match": etag } };
    return (await api.PATCH("/api/{user_id}/tasks/{task_id}", { params, body: { title } })).response.status;
  },
});
