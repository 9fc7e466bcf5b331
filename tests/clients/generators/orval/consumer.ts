// Uses the client that orval generates from the contract, as a front end does.
import { createTask, getHealth, getTask, listTasks, updateTask } from "./generated/tasks";
import type { TaskResponse, TaskUpdate } from "./generated/tasks.schemas";

const options: RequestInit = { headers: { Authorization: `Bearer ${TOKEN}` } };

const health = await getHealth();
if (health.status !== 200) throw new Error(JSON.stringify(health));
const status: "healthy" = health.data.status;

// Only the title is required, and null differs from an omitted property.
const created = await createTask(USER_ID, { title: "One" }, options);
if (created.status !== 201) throw new Error(JSON.stringify(created));
const change: TaskUpdate = { priority: "high", due_date: null };
const changed = await updateTask(USER_ID, created.data.id, change, options);
if (changed.status !== 200) throw new Error(JSON.stringify(changed));
const due: string | null = changed.data.due_date;

const page = await listTasks(USER_ID, { priority: "high", limit: 20 }, options);
if (page.status !== 200) throw new Error(JSON.stringify(page));
const items: TaskResponse[] = page.data.items;
const cursor: string | null = page.data.next_cursor;

// The status decides whether the detail is a string or a list of validation errors.
const missing = await getTask(USER_ID, created.data.id + 1, options);
const detail: string | undefined = missing.status === 404 ? missing.data.detail : undefined;
const invalid = await listTasks(USER_ID, { limit: 0 }, options);
const places = invalid.status === 422 ? invalid.data.detail.map(({ loc }) => loc.join(".")) : [];

// @ts-expect-error A task needs a title.
void (() => createTask(USER_ID, {}, options));
// @ts-expect-error Unknown priority.
void (() => listTasks(USER_ID, { priority: "urgent" }, options));

console.log(JSON.stringify({ status, due, titles: items.map(({ title }) => title), cursor, detail, places }));
