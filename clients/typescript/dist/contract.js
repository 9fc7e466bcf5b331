// Written by specfirst client typescript: change the contract, not this file.

export const name = "@tasks-api/client";
export const basePath = "";
export const schemes = { bearerAuth: ["header", "Authorization", "Bearer "] };
const errors1 = { "422": { detail: "array", code: "string" }, "500": { detail: "string", code: "string" } };
const errors2 = { "422": { detail: "array", code: "string" }, "500": { detail: "string", code: "string" }, "503": { detail: "string", code: "string" } };
const errors3 = { "401": { detail: "string", code: "string" }, "403": { detail: "string", code: "string" }, "404": { detail: "string", code: "string" }, "422": { detail: "array", code: "string" }, "429": { detail: "string", code: "string" }, "500": { detail: "string", code: "string" }, "503": { detail: "string", code: "string" } };
const errors4 = { "400": { detail: "string", code: "string" }, "401": { detail: "string", code: "string" }, "403": { detail: "string", code: "string" }, "404": { detail: "string", code: "string" }, "413": { detail: "string", code: "string" }, "415": { detail: "string", code: "string" }, "422": { detail: "array", code: "string" }, "429": { detail: "string", code: "string" }, "500": { detail: "string", code: "string" }, "503": { detail: "string", code: "string" } };
const errors5 = { "401": { detail: "string", code: "string" }, "403": { detail: "string", code: "string" }, "404": { detail: "string", code: "string" }, "412": { detail: "string", code: "string" }, "422": { detail: "array", code: "string" }, "429": { detail: "string", code: "string" }, "500": { detail: "string", code: "string" }, "503": { detail: "string", code: "string" } };
const errors6 = { "400": { detail: "string", code: "string" }, "401": { detail: "string", code: "string" }, "403": { detail: "string", code: "string" }, "404": { detail: "string", code: "string" }, "412": { detail: "string", code: "string" }, "413": { detail: "string", code: "string" }, "415": { detail: "string", code: "string" }, "422": { detail: "array", code: "string" }, "429": { detail: "string", code: "string" }, "500": { detail: "string", code: "string" }, "503": { detail: "string", code: "string" } };
const errors7 = { "400": { detail: "string", code: "string" }, "401": { detail: "string", code: "string" }, "403": { detail: "string", code: "string" }, "404": { detail: "string", code: "string" }, "409": { detail: "string", code: "string" }, "413": { detail: "string", code: "string" }, "415": { detail: "string", code: "string" }, "422": { detail: "array", code: "string" }, "429": { detail: "string", code: "string" }, "500": { detail: "string", code: "string" }, "503": { detail: "string", code: "string" } };
const errors8 = { "400": { detail: "string", code: "string" }, "401": { detail: "string", code: "string" }, "403": { detail: "string", code: "string" }, "404": { detail: "string", code: "string" }, "409": { detail: "string", code: "string" }, "412": { detail: "string", code: "string" }, "413": { detail: "string", code: "string" }, "415": { detail: "string", code: "string" }, "422": { detail: "array", code: "string" }, "429": { detail: "string", code: "string" }, "500": { detail: "string", code: "string" }, "503": { detail: "string", code: "string" } };
export const operations = {
  getRoot: { method: "GET", path: "/", errors: errors1 },
  getHealth: { method: "GET", path: "/health", errors: errors1 },
  getReadiness: { method: "GET", path: "/ready", errors: errors2 },
  listTasks: { method: "GET", path: "/api/{user_id}/tasks", security: [["bearerAuth"]], errors: errors3 },
  createTask: { method: "POST", path: "/api/{user_id}/tasks", parameters: { "Idempotency-Key": { in: "header" } }, key: "Idempotency-Key", security: [["bearerAuth"]], errors: errors4 },
  toggleTask: { method: "PATCH", path: "/api/{user_id}/tasks/{task_id}/complete", parameters: { "If-Match": { in: "header" }, "If-None-Match": { in: "header" }, "Idempotency-Key": { in: "header" } }, match: "If-Match", key: "Idempotency-Key", security: [["bearerAuth"]], errors: errors5 },
  getTask: { method: "GET", path: "/api/{user_id}/tasks/{task_id}", parameters: { "If-Match": { in: "header" } }, match: "If-Match", security: [["bearerAuth"]], errors: errors5 },
  replaceTask: { method: "PUT", path: "/api/{user_id}/tasks/{task_id}", parameters: { "If-Match": { in: "header" }, "If-None-Match": { in: "header" } }, match: "If-Match", security: [["bearerAuth"]], errors: errors6 },
  updateTask: { method: "PATCH", path: "/api/{user_id}/tasks/{task_id}", parameters: { "If-Match": { in: "header" }, "If-None-Match": { in: "header" } }, match: "If-Match", security: [["bearerAuth"]], errors: errors6 },
  deleteTask: { method: "DELETE", path: "/api/{user_id}/tasks/{task_id}", parameters: { "If-Match": { in: "header" }, "If-None-Match": { in: "header" } }, match: "If-Match", security: [["bearerAuth"]], errors: errors5 },
  listCategories: { method: "GET", path: "/api/{user_id}/categories", security: [["bearerAuth"]], errors: errors3 },
  createCategory: { method: "POST", path: "/api/{user_id}/categories", parameters: { "Idempotency-Key": { in: "header" } }, key: "Idempotency-Key", security: [["bearerAuth"]], errors: errors7 },
  getCategory: { method: "GET", path: "/api/{user_id}/categories/{category_id}", parameters: { "If-Match": { in: "header" } }, match: "If-Match", security: [["bearerAuth"]], errors: errors5 },
  replaceCategory: { method: "PUT", path: "/api/{user_id}/categories/{category_id}", parameters: { "If-Match": { in: "header" }, "If-None-Match": { in: "header" } }, match: "If-Match", security: [["bearerAuth"]], errors: errors8 },
  updateCategory: { method: "PATCH", path: "/api/{user_id}/categories/{category_id}", parameters: { "If-Match": { in: "header" }, "If-None-Match": { in: "header" } }, match: "If-Match", security: [["bearerAuth"]], errors: errors8 },
  deleteCategory: { method: "DELETE", path: "/api/{user_id}/categories/{category_id}", parameters: { "If-Match": { in: "header" }, "If-None-Match": { in: "header" } }, match: "If-Match", security: [["bearerAuth"]], errors: errors5 },
  getUser: { method: "GET", path: "/api/{user_id}", security: [["bearerAuth"]], errors: errors3 },
  deleteUser: { method: "DELETE", path: "/api/{user_id}", security: [["bearerAuth"]], errors: errors3 },
};
export const codecs = {};
export const affected = { createTask: ["listTasks", "getTask"], toggleTask: ["listTasks", "getTask"], replaceTask: ["listTasks", "getTask"], updateTask: ["listTasks", "getTask"], deleteTask: ["listTasks", "getTask"], createCategory: ["listCategories", "getCategory"], replaceCategory: ["listCategories", "getCategory"], updateCategory: ["listCategories", "getCategory"], deleteCategory: ["listCategories", "getCategory"], deleteUser: ["listTasks", "getTask", "listCategories", "getCategory", "getUser"] };
