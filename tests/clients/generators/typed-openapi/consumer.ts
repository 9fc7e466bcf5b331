import { createApiClient } from "./generated/api";
import { check, code, setting } from "./scenario";

const api = createApiClient(
  {
    fetch: ({ method, url, urlSearchParams, parameters }) => {
      if (urlSearchParams) url.search = urlSearchParams.toString();
      const headers = new Headers({ Authorization: `Bearer ${setting("TOKEN")}` });
      for (const [name, value] of Object.entries(parameters?.header ?? {})) headers.set(name, String(value));
      if (parameters?.body !== undefined) headers.set("Content-Type", "application/json");
      const body = parameters?.body === undefined ? undefined : JSON.stringify(parameters.body);
      // The method is in lower case, and `fetch` sends `patch` as it is.
      return fetch(url, { method: method.toUpperCase(), headers, body });
    },
  },
  setting("API_URL"),
);
// The types require `header`, although each header is optional.
const header = {};
const user_id = encodeURIComponent(setting("USER_ID"));

await check<number>({
  create: (title) => api.post("/api/{user_id}/tasks", { path: { user_id }, header, body: { title, priority: "high" } }),
  list: (limit, cursor) =>
    api.get("/api/{user_id}/tasks", { path: { user_id }, query: { priority: "high", limit, cursor } }),
  get: (task_id) => api.get("/api/{user_id}/tasks/{task_id}", { path: { user_id, task_id }, header }),
  missing: async (task_id) => {
    const path = { user_id, task_id };
    const read = await api.get("/api/{user_id}/tasks/{task_id}", { path, header, withResponse: true });
    return read.status === 404 ? code(read.data) : String(read.status);
  },
  toggle: (task_id, key) =>
    api.patch("/api/{user_id}/tasks/{task_id}/complete", {
      path: { user_id, task_id },
      header: { "Idempotency-Key": key },
    }),
  rename: async (task_id, title, etag) =>
    (
      await api.patch("/api/{user_id}/tasks/{task_id}", {
        path: { user_id, task_id },
        header: { "If-Match": etag },
        body: { title },
        withResponse: true,
      })
    ).status,
});
