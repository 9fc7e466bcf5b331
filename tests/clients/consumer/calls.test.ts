// The installed client, in Node, against the live server that tests/clients/conftest.py starts.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import {
  createTaskClient,
  etagOf,
  forgetToken,
  items,
  pages,
  TaskApiError,
  UnexpectedResponseError,
  type TaskClientOptions,
} from "@tasks-api/client";
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

  assert.deepEqual([...called].sort(), Object.keys(api).sort());
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

/** Returns a client that counts its tokens and requests. */
function counted(user_id: string, options: Partial<TaskClientOptions> = {}) {
  const seen = { tokens: 0, requests: [] as Request[] };
  const api = createTaskClient({
    baseUrl,
    getToken: async () => {
      seen.tokens++;
      await new Promise((resolve) => setTimeout(resolve, 5));
      return token(user_id);
    },
    fetch: (request) => {
      seen.requests.push(request);
      return fetch(request);
    },
    ...options,
  });
  return { api, seen };
}

test("one token serves all calls until it expires", async () => {
  const { user_id } = newUser();
  const { api, seen } = counted(user_id);
  await Promise.all(["1", "2", "3", "4", "5"].map((title) => api.createTask({ user_id, body: { title } })));
  await api.listTasks({ user_id });
  assert.equal(seen.tokens, 1);
  assert.equal(seen.requests.length, 6);
  // 9 seconds are less than the leeway.
  let asked = 0;
  const short = createTaskClient({ baseUrl, getToken: () => (asked++, token(user_id, 9)) });
  await short.listTasks({ user_id });
  await short.listTasks({ user_id });
  assert.equal(asked, 2);
});

test("a token that is no JWT is asked for again, once for calls at the same time", async () => {
  let asked = 0;
  const seen: (string | null)[] = [];
  const fetch = async (request: Request) => {
    seen.push(request.headers.get("Authorization"));
    return new Response('{"items":[],"total":0,"next_cursor":null}', { headers: { "Content-Type": "application/json" } });
  };
  const api = createTaskClient({ baseUrl, getToken: async () => `opaque${++asked}`, fetch });
  await Promise.all([api.listTasks({ user_id: "ada" }), api.listTasks({ user_id: "ada" })]);
  await api.listTasks({ user_id: "ada" });
  assert.deepEqual(seen, ["Bearer opaque1", "Bearer opaque1", "Bearer opaque2"]);
});

test("after 401, one new token is fetched and each call is repeated once", async () => {
  const { user_id } = newUser();
  const tokens = [EXPIRED_TOKEN(user_id), token(user_id)];
  let asked = 0;
  // The clock of this client is wrong, so that it takes the first token for valid.
  const { api, seen } = counted(user_id, { getToken: async () => tokens[asked++] ?? token(user_id) });
  const real = Date.now;
  Date.now = () => real() - 3_600_000;
  try {
    await Promise.all(["1", "2", "3"].map((title) => api.createTask({ user_id, body: { title } })));
  } finally {
    Date.now = real;
  }
  assert.equal(asked, 2);
  assert.equal(seen.requests.length, 6);
  const refused = counted(user_id, { getToken: async () => "wrong" });
  const error = await apiError(refused.api.getUser({ user_id }));
  assert.equal(error.status, 401);
  assert.equal(error.response.headers.get("WWW-Authenticate")?.split(" ")[0], "Bearer");
  assert.equal(refused.seen.requests.length, 2);
});

test("public operations need no token, and nobody is logged in without one", async () => {
  const { user_id } = newUser();
  const { api, seen } = counted(user_id);
  await api.getHealth();
  await api.getRoot();
  assert.equal(seen.tokens, 0);
  assert.equal(seen.requests[0]?.headers.get("Authorization"), null);
  const answers = [null, undefined, token(user_id)];
  const later = createTaskClient({ baseUrl, getToken: async () => answers.shift() });
  assert.equal((await apiError(later.getUser({ user_id }))).status, 401);
  assert.equal((await apiError(later.getUser({ user_id }))).status, 401);
  assert.equal((await later.getUser({ user_id })).id, user_id);
});

test("forgetToken makes the client ask again", async () => {
  const people = [newUser().user_id, newUser().user_id];
  let current = people[0] ?? "";
  const api = createTaskClient({ baseUrl, getToken: () => token(current) });
  await api.getUser({ user_id: current });
  current = people[1] ?? "";
  assert.equal((await apiError(api.getUser({ user_id: current }))).status, 403);
  forgetToken(api);
  assert.equal((await api.getUser({ user_id: current })).id, current);
});

test("an error of getToken is passed to the caller, and the next call asks again", async () => {
  const { user_id } = newUser();
  let fails = true;
  const getToken = async () => (fails ? Promise.reject(new Error("logged out")) : token(user_id));
  const api = createTaskClient({ baseUrl, getToken });
  const error = await rejection(api.getUser({ user_id }));
  assert.ok(error instanceof Error && error.message === "logged out");
  fails = false;
  assert.equal((await api.getUser({ user_id })).id, user_id);
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
  const slow = createTaskClient({ baseUrl, getToken: () => new Promise(() => undefined) });
  const early = await rejection(slow.createTask({ user_id, body: { title: "" } }, { signal: AbortSignal.timeout(20) }));
  assert.ok(early instanceof DOMException && early.name === "TimeoutError");
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

test("the ETag comes with the result, and ifMatch sends it", async () => {
  const { api, user_id } = newUser();
  const created = await api.createTask({ user_id, body: { title: "One" } });
  const path = { user_id, task_id: created.id };
  const task = await api.getTask(path);
  assert.equal(etagOf(task), etagOf(created));
  const changed = await api.updateTask({ ...path, body: { title: "Two" } }, { ifMatch: etagOf(task) });
  assert.notEqual(etagOf(changed), etagOf(task));
  const late = await apiError(api.updateTask({ ...path, body: { title: "Three" } }, { ifMatch: etagOf(task) }));
  assert.equal(late.status, 412);
  assert.equal((await apiError(api.toggleTask({ ...path, "If-Match": etagOf(task) }))).status, 412);
  assert.throws(() => etagOf({ ...task }), /has no ETag: it is a copy/);
});

test("withResponse gives the headers and the ETag", async () => {
  const { api, user_id } = newUser();
  const { data, etag, response } = await api.createTask({ user_id, body: { title: "Where" } }).withResponse();
  assert.equal(response.headers.get("Location"), `/api/${user_id}/tasks/${data.id}`);
  assert.equal(etag, response.headers.get("ETag"));
  assert.equal((await apiError(api.getTask({ user_id, task_id: 1 }).withResponse())).status, 404);
});

test("an idempotency key makes a repetition harmless", async () => {
  const { api, user_id } = newUser();
  const args = { user_id, body: { title: "Once" } };
  const idempotencyKey = crypto.randomUUID();
  const task = await api.createTask(args, { idempotencyKey });
  assert.deepEqual(await api.createTask(args, { idempotencyKey }), task);
  assert.deepEqual(await api.createTask({ ...args, "Idempotency-Key": idempotencyKey }), task);
});

test("a lost write is repeated with its key, and other lost writes are not repeated", async () => {
  const { user_id } = newUser();
  const keys: (string | null)[] = [];
  let lost = 2;
  const { api, seen } = counted(user_id, {
    retries: 2,
    fetch: async (request) => {
      keys.push(request.headers.get("Idempotency-Key"));
      const response = await fetch(request);
      if (lost-- > 0) throw new TypeError("the connection is gone");
      return response;
    },
  });
  await api.createTask({ user_id, body: { title: "Once" } });
  assert.equal(new Set(keys).size, 1);
  assert.equal(keys.length, 3);
  assert.match(keys[0] ?? "", /^[0-9a-f]{32}$/);
  const { total, items: [task] } = await api.listTasks({ user_id });
  assert.equal(total, 1);
  assert.equal(seen.tokens, 1);
  lost = 1;
  const args = { user_id, task_id: task?.id ?? 0, body: { completed: true } };
  assert.ok((await rejection(api.updateTask(args))) instanceof TypeError);
});

test("a base URL may end in a slash", async () => {
  assert.equal((await createTaskClient({ baseUrl: `${baseUrl}/` }).getHealth()).status, "healthy");
});

test("a path parameter cannot lead to another path", async () => {
  const { api, user_id } = newUser();
  for (const id of ["", ".", ".."]) {
    const error = await rejection(api.getUser({ user_id: id }));
    assert.ok(error instanceof TypeError && /path parameter user_id cannot be/.test(error.message));
  }
  const untyped = api.getTask as unknown as (args: object) => Promise<unknown>;
  assert.match(String(await rejection(untyped({ user_id }))), /path parameter task_id is missing/);
});
