// The optional entries: handlers for Mock Service Worker, and Zod schemas.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createTaskClient, etagOf, items, TaskApiError, type TaskCreate } from "@tasks-api/client";
import { handlers } from "@tasks-api/client/msw";
import { TaskCreate as TaskCreateSchema, TaskResponse as TaskResponseSchema } from "@tasks-api/client/zod";
import { setupServer } from "msw/node";

const baseUrl = "https://api.example.com";
const server = setupServer(...handlers(baseUrl));
server.listen();
after(() => server.close());
const api = createTaskClient({ baseUrl, getToken: () => "token" });

test("handlers answer every operation with a valid example", async () => {
  const args = { user_id: "ada", task_id: 1, category_id: 1 };
  const body = { title: "One", name: "One" };
  for (const [id, method] of Object.entries(api)) {
    const given = /^(create|update|replace)/.test(id) ? { ...args, body } : args;
    const result = await (method as (args: object) => Promise<unknown>)(given);
    assert.equal(typeof result, "object", id);
  }
  const task = await api.getTask(args);
  assert.deepEqual(TaskResponseSchema.parse(task), task);
  assert.match(etagOf(task), /^"/);
  const titles = [];
  for await (const { title } of items(api.listTasks, { user_id: "ada" })) {
    titles.push(title);
    if (titles.length > 3) break;
  }
  assert.ok(titles.length > 0);
});

test("an answer may be a result, the status of an example, a response, or a function", async () => {
  const args = { user_id: "ada", task_id: 1 };
  const task = await api.getTask(args);
  server.use(
    ...handlers(baseUrl, {
      getTask: { ...task, title: "Mine" },
      deleteTask: 404,
      toggleTask: () => new Response("<p>", { status: 502, headers: { "Content-Type": "text/html" } }),
      createTask: async (request) => ({ ...task, ...((await request.json()) as TaskCreate) }),
    }),
  );
  assert.equal((await api.getTask(args)).title, "Mine");
  await assert.rejects(api.deleteTask(args), (error) => error instanceof TaskApiError && error.status === 404);
  await assert.rejects(api.toggleTask(args), { name: "UnexpectedResponseError" });
  assert.equal((await api.createTask({ user_id: "ada", body: { title: "Sent" } })).title, "Sent");
  server.resetHandlers();
});

test("the schemas accept what the contract accepts", () => {
  const draft: TaskCreate = TaskCreateSchema.parse({ title: "One", due_date: "2026-01-31T12:00:00+01:00" });
  assert.equal(draft.title, "One");
  const wrong = [{}, { title: "" }, { title: 5 }, { title: "One", priority: "urgent" }, { title: "One", more: 1 }];
  for (const value of wrong) assert.equal(TaskCreateSchema.safeParse(value).success, false, JSON.stringify(value));
  assert.equal(TaskCreateSchema.safeParse({ title: "One", description: null, category_id: null }).success, true);
});
