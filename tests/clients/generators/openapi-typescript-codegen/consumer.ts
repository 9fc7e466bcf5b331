import { ApiError, OpenAPI, TaskPriority, TasksService, type ErrorResponse } from "./generated";
import { check, setting } from "./scenario";

OpenAPI.BASE = setting("API_URL");
OpenAPI.TOKEN = setting("TOKEN");
const user_id = setting("USER_ID");

function failed(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  throw error;
}

await check<number>({
  create: (title) => TasksService.createTask(user_id, { title, priority: TaskPriority.HIGH }),
  list: (limit, cursor) =>
    TasksService.listTasks(user_id, undefined, TaskPriority.HIGH, undefined, limit, cursor),
  get: (task_id) => TasksService.getTask(user_id, task_id),
  missing: async (task_id) => {
    try {
      await TasksService.getTask(user_id, task_id);
      return "no error";
    } catch (error) {
      // The body of an error is `any`.
      const body: ErrorResponse = failed(error).body;
      return body.code;
    }
  },
  toggle: (task_id, key) => TasksService.toggleTask(user_id, task_id, undefined, undefined, key),
  rename: async (task_id, title, etag) => {
    try {
      await TasksService.updateTask(user_id, task_id, { title }, etag);
      return 200;
    } catch (error) {
      return failed(error).status;
    }
  },
});
