// The installed client, in Node, against the live server that tests/clients/conftest.py starts.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { createTaskClient, items, pages, TaskApiError, UnexpectedResponseError } from "@tasks-api/client";
import { API_URL, EXPIRED_TOKEN, newUser, token } from "./people.ts";

const baseUrl = API_URL;

/** Returns the reason with which a promise is rejected. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => assert.fail("it was not rejected"),
    (error: unknown) => error,
  );
}

async function apiError(promise: Promise<unknown>): Promise<TaskApiError> {
  const error = await rejection(promise);
  assert.ok(error instanceof TaskApiError, String(error));
  return error;
}

test("every operation can be called", async () => {
  const { api, user_id } = newUser();
  const called = new Set<string>();
  const counting = new Proxy(api, {
    get(target, name: keyof typeof api) {
      called.add(name);
      return target[name];
    },
  });
  assert.equal((await counting.getRoot()).health, "/health");
  assert.equal((await counting.getHealth()).status, "healthy");
  assert.equal((await counting.getReadiness()).status, "ready");
  assert.equal((await counting.getUser({ user_id })).id, user_id);

  const category = await counting.createCategory({ user_id, body: { name: "Work" } });
  const category_id = category.id;
  assert.equal(category.color, "#3B82F6");
  assert.deepEqual(await counting.getCategory({ user_id, category_id }), category);
  assert.deepEqual((await counting.listCategories({ user_id })).items, [category]);
  const red = await counting.updateCategory({ user_id, category_id, body: { color: "#FF0000" } });
  assert.equal(red.color, "#FF0000");
  const replaced = await counting.replaceCategory({ user_id, category_id, body: { name: "Home" } });
  assert.deepEqual([replaced.name, replaced.color], ["Home", "#3B82F6"]);

  const task = await counting.createTask({ user_id, body: { title: "Try it", category_id } });
  const task_id = task.id;
  assert.deepEqual(await counting.getTask({ user_id, task_id }), task);
  assert.deepEqual((await counting.listTasks({ user_id, category_id, completed: false })).items, [task]);
  assert.equal((await counting.listTasks({ user_id, completed: true, priority: undefined })).total, 0);
  assert.equal((await counting.updateTask({ user_id, task_id, body: { priority: "low" } })).priority, "low");
  assert.equal((await counting.replaceTask({ user_id, task_id, body: { title: "Anew" } })).category_id, null);
  assert.equal((await counting.toggleTask({ user_id, task_id })).completed, true);
  assert.match((await counting.deleteTask({ user_id, task_id })).message, /deleted/);
  assert.match((await counting.deleteCategory({ user_id, category_id })).message, /deleted/);
  assert.match((await counting.deleteUser({ user_id })).message, /deleted/);

  const operations = Object.keys(api).filter((name) => name !== "http");
  assert.deepEqual([...called].sort(), operations.sort());
});

test("a user id with special characters is encoded", async () => {
  const { api, user_id } = newUser(`auth0|${crypto.randomUUID()}:a+b~c@d`);
  assert.equal((await api.getUser({ user_id })).id, user_id);
});

test("an error has a readable message, and its status narrows its body", async () => {
  const { api, user_id } = newUser();
  const missing = await apiError(api.getTask({ user_id, task_id: 1 }));
  assert.ok(missing.status === 404 && missing.operationId === "getTask");
  assert.equal(missing.body.detail.toUpperCase(), "TASK NOT FOUND");
  assert.equal(missing.message, "getTask answered 404: Task not found");

  const invalid = await apiError(api.listTasks({ user_id, limit: 0, offset: -1 }));
  assert.ok(invalid.status === 422);
  assert.deepEqual(invalid.body.detail.map((error) => error.loc).sort(), [["query", "limit"], ["query", "offset"]]);
  assert.match(invalid.message, /^listTasks answered 422: query\.limit: .+; query\.offset: /);

  await api.createCategory({ user_id, body: { name: "Twice" } });
  const taken = await apiError(api.createCategory({ user_id, body: { name: "Twice" } }));
  assert.ok(taken.status === 409);

  const foreign = await apiError(api.getUser({ user_id: "somebody-else" }));
  assert.equal(foreign.status, 403);
});

test("getToken is called before each request, so an expired token is replaced", async () => {
  const { user_id } = newUser();
  const tokens = [EXPIRED_TOKEN(user_id), token(user_id), null, undefined];
  const api = createTaskClient({ baseUrl, getToken: async () => tokens.shift() });
  const expired = await apiError(api.getUser({ user_id }));
  assert.equal(expired.status, 401);
  assert.equal(expired.response.headers.get("WWW-Authenticate")?.split(" ")[0], "Bearer");
  assert.equal((await api.getUser({ user_id })).id, user_id);
  assert.equal((await apiError(api.getUser({ user_id }))).status, 401);
  assert.equal((await api.getHealth()).status, "healthy");
  assert.equal(tokens.length, 0);
});

test("an error of getToken is passed to the caller", async () => {
  const api = createTaskClient({ baseUrl, getToken: () => Promise.reject(new Error("logged out")) });
  const error = await rejection(api.getRoot());
  assert.ok(error instanceof Error && error.message === "logged out");
});

test("pages are only fetched when the loop needs them", async () => {
  const { user_id } = newUser();
  const asked: string[] = [];
  const api = createTaskClient({
    baseUrl,
    getToken: () => token(user_id),
    fetch: (request) => {
      asked.push(new URL(request.url).search);
      return fetch(request);
    },
  });
  for (const title of ["1", "2", "3", "4", "5", "6", "7"]) await api.createTask({ user_id, body: { title } });
  await api.createTask({ user_id, body: { title: "done", completed: true } });
  asked.length = 0;

  const titles: string[] = [];
  for await (const task of items(api.listTasks, { user_id, limit: 2, completed: false })) titles.push(task.title);
  assert.deepEqual(titles, ["7", "6", "5", "4", "3", "2", "1"]);
  assert.equal(asked.length, 4);
  assert.ok(asked.every((search) => search.includes("completed=false") && search.includes("limit=2")));

  asked.length = 0;
  for await (const page of pages(api.listTasks, { user_id, limit: 2 })) {
    assert.equal(page.total, 8);
    if (page.items.some((task) => task.title === "5")) break;
  }
  assert.equal(asked.length, 2);

  const after: string[] = [];
  for await (const task of items(api.listTasks, { user_id, limit: 2, offset: 3 })) after.push(task.title);
  assert.deepEqual(after, ["5", "4", "3", "2", "1"]);

  const categories = [];
  for await (const category of items(api.listCategories, { user_id })) categories.push(category);
  assert.deepEqual(categories, []);
});

test("a signal aborts a call before and during the request, and between pages", async () => {
  const { api, user_id } = newUser();
  const aborted = await rejection(api.listTasks({ user_id }, { signal: AbortSignal.abort() }));
  assert.ok(aborted instanceof DOMException && aborted.name === "AbortError");

  // A server that never responds.
  const silent = createServer(() => undefined).listen(0, "127.0.0.1");
  await new Promise((resolve) => silent.once("listening", resolve));
  const address = silent.address();
  assert.ok(address && typeof address === "object");
  const waiting = createTaskClient({ baseUrl: `http://127.0.0.1:${address.port}` });
  const late = await rejection(waiting.getHealth({}, { signal: AbortSignal.timeout(50) }));
  assert.ok(late instanceof DOMException && late.name === "TimeoutError");
  silent.closeAllConnections();
  silent.close();

  for (const title of ["1", "2", "3"]) await api.createTask({ user_id, body: { title } });
  const controller = new AbortController();
  const walk = (async () => {
    for await (const page of pages(api.listTasks, { user_id, limit: 1 }, { signal: controller.signal })) {
      if (page.items[0]?.title === "2") controller.abort(new Error("enough"));
    }
  })();
  assert.equal(String(await rejection(walk)), "Error: enough");
});

test("an unexpected response is not a TaskApiError", async () => {
  const responses: [number, string, string][] = [
    [200, "text/html", "<title>Not the API</title>"],
    [503, "text/html", "<title>A proxy</title>"],
    [403, "application/json", '{"message": "a gateway"}'],
    [422, "application/json", '{"detail": "a gateway"}'],
    [502, "application/json", "null"],
  ];
  for (const [status, type, text] of responses) {
    const fetch = async () => new Response(text, { status, headers: { "Content-Type": type } });
    const error = await rejection(createTaskClient({ baseUrl, fetch }).getReadiness());
    assert.ok(error instanceof UnexpectedResponseError, String(error));
    assert.equal(error.response.status, status);
    assert.ok(error.message.includes(`answered ${status} with ${type}`));
  }
  const unreachable = await rejection(createTaskClient({ baseUrl: "http://127.0.0.1:1" }).getHealth());
  assert.ok(unreachable instanceof TypeError);
});

test("headers can be passed as arguments", async () => {
  const { api, user_id } = newUser();
  const create = { user_id, body: { title: "Once" }, "Idempotency-Key": "a" };
  const task = await api.createTask(create);
  assert.deepEqual(await api.createTask(create), task);
  const path = { user_id, task_id: task.id };
  const { response } = await api.http.GET("/api/{user_id}/tasks/{task_id}", { params: { path } });
  const etag = response.headers.get("ETag") ?? "";
  assert.equal((await api.toggleTask({ ...path, "If-Match": etag })).completed, true);
  assert.equal((await apiError(api.toggleTask({ ...path, "If-Match": etag }))).status, 412);
  const again = await api.http.GET("/api/{user_id}/tasks/{task_id}", {
    params: { path, header: { "If-None-Match": "*" } },
  });
  assert.deepEqual([again.response.status, again.data], [304, undefined]);
});

test("http gives access to the whole response", async () => {
  const { api, user_id } = newUser();
  const { data, response } = await api.http.POST("/api/{user_id}/tasks", {
    params: { path: { user_id } },
    body: { title: "Where" },
  });
  assert.equal(response.headers.get("Location"), `/api/${user_id}/tasks/${data?.id}`);
});

test("a base URL may end in a slash", async () => {
  assert.equal((await createTaskClient({ baseUrl: `${baseUrl}/` }).getHealth()).status, "healthy");
});
