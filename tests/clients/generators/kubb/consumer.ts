import { createTask, type GetTask404, getTask, listTasks, toggleTask, updateTask } from "./generated/index";
import { check, setting } from "./scenario";

const user_id = setting("USER_ID");
// The client sends no Content-Type of its own.
const config = { headers: { Authorization: `Bearer ${setting("TOKEN")}`, "Content-Type": "application/json" } };
const path = encodeURIComponent(user_id);

await check<number>({
  create: async (title) => (await createTask(path, { title, priority: "high" }, undefined, config)).data,
  list: async (limit, cursor) => (await listTasks(path, { priority: "high", limit, cursor }, config)).data,
  get: async (task_id) => (await getTask(path, task_id, undefined, config)).data,
  missing: async (task_id) => {
    const response = await getTask(path, task_id, undefined, config);
    // The data has the type of the success, whatever the status is.
    const missing = response as { status: number; data: unknown } as { status: number; data: GetTask404 };
    return missing.status === 404 ? missing.data.code : String(missing.status);
  },
  toggle: async (task_id, key) => (await toggleTask(path, task_id, { "Idempotency-Key": key }, config)).data,
  rename: async (task_id, title, etag) =>
    (await updateTask(path, task_id, { title }, { "If-Match": etag }, config)).status,
});
