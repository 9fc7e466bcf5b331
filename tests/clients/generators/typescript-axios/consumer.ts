import { isAxiosError } from "axios";
import { Configuration, type ErrorResponse, TasksApi, TaskPriority } from "./generated";
import { check, setting } from "./scenario";

const api = new TasksApi(new Configuration({ basePath: setting("API_URL"), accessToken: setting("TOKEN") }));
const userId = setting("USER_ID");

function failed(error: unknown): { status: number; data: ErrorResponse } {
  if (isAxiosError<ErrorResponse>(error) && error.response) return error.response;
  throw error;
}

await check<number>({
  create: async (title) => (await api.createTask({ userId, taskCreate: { title, priority: TaskPriority.High } })).data,
  list: async (limit, cursor) =>
    (await api.listTasks({ userId, priority: TaskPriority.High, limit, cursor })).data,
  get: async (taskId) => (await api.getTask({ userId, taskId })).data,
  missing: async (taskId) => {
    try {
      await api.getTask({ userId, taskId });
      return "no error";
    } catch (error) {
      return failed(error).data.code;
    }
  },
  toggle: async (taskId, key) => (await api.toggleTask({ userId, taskId, idempotencyKey: key })).data,
  rename: async (taskId, title, etag) => {
    try {
      return (await api.updateTask({ userId, taskId, ifMatch: etag, taskUpdate: { title } })).status;
    } catch (error) {
      return failed(error).status;
    }
  },
});
