export { TaskClientProvider, useApiMutation, useApiPages, useApiQuery, useTaskClient } from "./hooks.js";
export { API_KEY, apiPages, apiQuery } from "./queries.js";
export type { ApiPages, ApiQuery } from "./queries.js";
