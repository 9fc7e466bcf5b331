import { createTask, getTask, listTasks, toggleTask, updateTask } from "./generated/tasks";
import { check, code, setting } from "./scenario";

const user_id = setting("USER_ID");
const authorization = { Authorization: `Bearer ${setting("TOKEN")}` };
const options: RequestInit = { headers: authorization };

await check<number>({
  create: async (title) => {
    const created = await createTask(user_id, { title, priority: "high" }, options);
    if (created.status !== 201) throw new Error(JSON.stringify(created));
    return created.data;
  },
  list: async (limit, cursor) => {
    const page = await listTasks(user_id, { priority: "high", limit, ...(cursor && { cursor }) }, options);
    if (page.status !== 200) throw new Error(JSON.stringify(page));
    return page.data;
  },
  get: async (task_id) => {
    const read = await getTask(user_id, task_id, options);
    if (read.status !== 200) throw new Error(JSON.stringify(read));
    return read.data;
  },
  missing: async (task_id) => {
    const read = await getTask(user_id, task_id, options);
    return read.status === 404 ? code(read.data) : String(read.status);
  },
  toggle: async (task_id, key) => {
    const toggled = await toggleTask(user_id, task_id, { headers: { ...authorization, "Idempotency-Key": key } });
    if (toggled.status !== 200) throw new Error(JSON.stringify(toggled));
    return toggled.data;
  },
  rename: async (task_id, title, etag) =>
    (await updateTask(user_id, task_id, { title }, { headers: { ...authorization, "If-Match": etag } })).status,
});
