// Uses the client that @hey-api/openapi-ts generates from the contract, as a front end does.
import { client } from "./generated/client.gen";
import { createTask, getHealth, getTask, listTasks, updateTask } from "./generated/sdk.gen";
import type { TaskResponse, TaskUpdate } from "./generated/types.gen";

client.setConfig({ baseUrl: API_URL, auth: () => TOKEN });
const path = { user_id: USER_ID };

const health = await getHealth({ throwOnError: true });
const status: "healthy" = health.data.status;

// Only the title is required, and null differs from an omitted property.
const { data: task } = await createTask({ path, body: { title: "One" }, throwOnError: true });
const change: TaskUpdate = { priority: "high", due_date: null };
const changed = await updateTask({ path: { ...path, task_id: task.id }, body: change, throwOnError: true });
const due: string | null = changed.data.due_date;

const { data: page } = await listTasks({ path, query: { priority: "high", limit: 20 }, throwOnError: true });
const items: TaskResponse[] = page.items;
const cursor: string | null = page.next_cursor;

// The detail of an error is a string or a list of validation errors.
const { error } = await getTask({ path: { ...path, task_id: task.id + 1 } });
const detail = typeof error?.detail === "string" ? error.detail : error?.detail.map((problem) => problem.msg).join();
const { error: invalid } = await listTasks({ path, query: { limit: 0 } });
const places = Array.isArray(invalid?.detail) ? invalid.detail.map(({ loc }) => loc.join(".")) : [];

// @ts-expect-error A task needs a title.
void (() => createTask({ path, body: {} }));
// @ts-expect-error Unknown priority.
void (() => listTasks({ path, query: { priority: "urgent" } }));

console.log(JSON.stringify({ status, due, titles: items.map(({ title }) => title), cursor, detail, places }));
