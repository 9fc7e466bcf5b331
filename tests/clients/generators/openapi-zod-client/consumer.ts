import { isErrorFromAlias } from "@zodios/core";
import { isAxiosError } from "axios";
import { api as described, createApiClient } from "./generated/api";
import { check, code, setting } from "./scenario";

const user_id = setting("USER_ID");
const authorization = { Authorization: `Bearer ${setting("TOKEN")}` };
const api = createApiClient(setting("API_URL"), { axiosConfig: { headers: authorization } });

await check<number>({
  create: (title) => api.createTask({ title, priority: "high" }, { params: { user_id } }),
  list: (limit, cursor) => api.listTasks({ params: { user_id }, queries: { priority: "high", limit, cursor } }),
  get: (task_id) => api.getTask({ params: { user_id, task_id } }),
  missing: async (task_id) => {
    try {
      await api.getTask({ params: { user_id, task_id } });
      return "no error";
    } catch (error) {
      if (isErrorFromAlias(described.api, "getTask", error) && error.response.status === 404)
        return code(error.response.data);
      throw error;
    }
  },
  toggle: (task_id, key) =>
    api.toggleTask(undefined, { params: { user_id, task_id }, headers: { "Idempotency-Key": key } }),
  rename: async (task_id, title, etag) => {
    try {
      await api.updateTask({ title }, { params: { user_id, task_id }, headers: { "If-Match": etag } });
      return 200;
    } catch (error) {
      if (isAxiosError(error) && error.response) return error.response.status;
      throw error;
    }
  },
});
