import { Configuration, type ErrorResponse, ResponseError, TasksApi, TaskPriority } from "./generated";
import { check, setting } from "./scenario";

const api = new TasksApi(new Configuration({ basePath: setting("API_URL"), accessToken: setting("TOKEN") }));
const userId = setting("USER_ID");

function failed(error: unknown): Response {
  if (error instanceof ResponseError) return error.response;
  throw error;
}

await check<number>({
  create: (title) => api.createTask({ userId, taskCreate: { title, priority: TaskPriority.High } }),
  list: async (limit, cursor) => {
    const page = await api.listTasks({ userId, priority: TaskPriority.High, limit, cursor });
    return { items: page.items, total: page.total, next_cursor: page.nextCursor };
  },
  get: (taskId) => api.getTask({ userId, taskId }),
  missing: async (taskId) => {
    try {
      await api.getTask({ userId, taskId });
      return "no error";
    } catch (error) {
      // The body of an error is read by hand.
      const body = (await failed(error).json()) as ErrorResponse;
      return body.code;
    }
  },
  toggle: (taskId, key) => api.toggleTask({ userId, taskId, idempotencyKey: key }),
  rename: async (taskId, title, etag) => {
    try {
      return (await api.updateTaskRaw({ userId, taskId, ifMatch: etag, taskUpdate: { title } })).raw.status;
    } catch (error) {
      return failed(error).status;
    }
  },
});
