import { Api, TaskPriority } from "./generated/api";
import { check, setting } from "./scenario";

const { api } = new Api({
  baseUrl: setting("API_URL"),
  baseApiParams: { headers: { Authorization: `Bearer ${setting("TOKEN")}` } },
});
const user_id = encodeURIComponent(setting("USER_ID"));

await check<number>({
  create: async (title) => (await api.createTask(user_id, { title, priority: TaskPriority.High })).data,
  list: async (limit, cursor) => (await api.listTasks(user_id, { priority: TaskPriority.High, limit, cursor })).data,
  get: async (task_id) => (await api.getTask(user_id, task_id)).data,
  missing: (task_id) =>
    api.getTask(user_id, task_id).then(
      () => "no error",
      (response: Awaited<ReturnType<typeof api.getTask>>) => response.error.code,
    ),
  toggle: async (task_id, key) =>
    (await api.toggleTask(user_id, task_id, { headers: { "Idempotency-Key": key } })).data,
  rename: (task_id, title, etag) =>
    api.updateTask(user_id, task_id, { title }, { headers: { "If-Match": etag } }).then(
      ({ status }) => status,
      (response: Response) => response.status,
    ),
});
