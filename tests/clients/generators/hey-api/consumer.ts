import { client } from "./generated/client.gen";
import { createTask, getTask, listTasks, toggleTask, updateTask } from "./generated/sdk.gen";
import { zTaskResponse } from "./generated/zod.gen";
import { check, setting } from "./scenario";

client.setConfig({ baseUrl: setting("API_URL"), auth: () => setting("TOKEN") });
const user_id = setting("USER_ID");

await check<number>({
  create: async (title) => (await createTask({ path: { user_id }, body: { title, priority: "high" }, throwOnError: true })).data,
  list: async (limit, cursor) =>
    (await listTasks({ path: { user_id }, query: { priority: "high", limit, cursor }, throwOnError: true })).data,
  get: async (task_id) => {
    const { data } = await getTask({ path: { user_id, task_id }, throwOnError: true });
    if (data === undefined) throw new Error("304");
    const parsed: number = zTaskResponse.shape.id.parse(data.id);
    return { ...data, id: parsed };
  },
  missing: async (task_id) => {
    const { error } = await getTask({ path: { user_id, task_id } });
    return error?.code ?? "no error";
  },
  toggle: async (task_id, key) =>
    (await toggleTask({ path: { user_id, task_id }, headers: { "Idempotency-Key": key }, throwOnError: true })).data,
  rename: async (task_id, title, etag) => {
    const { response } = await updateTask({ path: { user_id, task_id }, headers: { "If-Match": etag }, body: { title } });
    return response?.status ?? 0;
  },
});
