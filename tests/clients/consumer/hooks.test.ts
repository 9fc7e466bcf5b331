// The hooks, rendered to text against the live server, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  apiPages,
  apiQuery,
  TaskClientProvider,
  useApiMutation,
  useApiPages,
  useApiQuery,
} from "@tasks-api/client/react";
import { createTaskClient, etagOf, TaskApiError, type TaskClient } from "@tasks-api/client";
import { createElement, type FunctionComponent } from "react";
import { renderToString } from "react-dom/server";
import { API_URL, newUser, token } from "./people.ts";

function newQueries(): QueryClient {
  return new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Infinity, gcTime: Infinity } } });
}

function render(queries: QueryClient, api: TaskClient, component: FunctionComponent): string {
  return renderToString(
    createElement(
      QueryClientProvider,
      { client: queries },
      createElement(TaskClientProvider, { value: api }, createElement(component)),
    ),
  );
}

test("a cached query is rendered, and select transforms its data", async () => {
  const { api, user_id } = newUser();
  await api.createTask({ user_id, body: { title: "Shown" } });
  const queries = newQueries();
  await queries.fetchQuery(apiQuery(api, "listTasks", { user_id }));
  const html = render(queries, api, () => {
    const titles = useApiQuery("listTasks", { user_id }, { select: (page) => page.items.map((task) => task.title) });
    return createElement("p", null, titles.data?.join());
  });
  assert.equal(html, "<p>Shown</p>");
});

test("an infinite query has all pages in one list", async () => {
  const { api, user_id } = newUser();
  for (const title of ["1", "2", "3", "4", "5", "6"]) await api.createTask({ user_id, body: { title } });
  const queries = newQueries();
  await queries.fetchInfiniteQuery({ ...apiPages(api, "listTasks", { user_id, limit: 2, offset: 1 }), pages: 9 });
  const html = render(queries, api, () => {
    const { data, hasNextPage } = useApiPages("listTasks", { user_id, limit: 2, offset: 1 });
    const titles = data?.pages.flatMap((page) => page.items).map((task) => task.title);
    return createElement("p", null, titles?.join(), String(hasNextPage));
  });
  assert.equal(html.replace("<!-- -->", " "), "<p>5,4,3,2,1 false</p>");
});

type Mutation = ReturnType<typeof useApiMutation<"createTask">>;

/** Renders a component once, and returns what it computes. */
function once<Value>(queries: QueryClient, api: TaskClient, compute: () => Value): Value {
  const found: { value?: Value } = {};
  render(queries, api, () => {
    found.value = compute();
    return null;
  });
  return found.value as Value;
}

function invalidated(queries: QueryClient): string[] {
  const all = queries.getQueryCache().getAll().filter((query) => query.state.isInvalidated);
  return all.map(({ queryKey }) => JSON.stringify(queryKey.slice(1))).sort();
}

test("a mutation invalidates the queries that it affects, also after an error", async () => {
  const { api, user_id } = newUser();
  const [one, two] = await Promise.all(["1", "2"].map((title) => api.createTask({ user_id, body: { title } })));
  const queries = newQueries();
  const fetchAll = async () => {
    queries.clear();
    await queries.fetchQuery(apiQuery(api, "listTasks", { user_id }));
    await queries.fetchInfiniteQuery(apiPages(api, "listTasks", { user_id, limit: 1 }));
    for (const task_id of [one?.id ?? 0, two?.id ?? 0]) await queries.fetchQuery(apiQuery(api, "getTask", { user_id, task_id }));
    await queries.fetchQuery(apiQuery(api, "listCategories", { user_id }));
    await queries.fetchQuery(apiQuery(api, "getUser", { user_id }));
  };
  const lists = [`["listTasks",{"user_id":"${user_id}","limit":1},"pages"]`, `["listTasks",{"user_id":"${user_id}"}]`];
  const toggle = once(queries, api, () => useApiMutation("toggleTask"));
  await fetchAll();
  await toggle.mutateAsync({ user_id, task_id: one?.id ?? 0 });
  assert.deepEqual(invalidated(queries), [`["getTask",{"user_id":"${user_id}","task_id":${one?.id}}]`, ...lists]);

  const outcomes: string[] = [];
  const create = once(queries, api, () =>
    useApiMutation("createTask", {
      onSettled: (task, error) => {
        outcomes.push(task?.title ?? String(error instanceof TaskApiError && error.status));
      },
    }),
  );
  await fetchAll();
  await create.mutateAsync({ user_id, body: { title: "" } }).catch(() => undefined);
  assert.deepEqual(outcomes, ["422"]);
  assert.deepEqual(invalidated(queries).filter((key) => key.includes("listTasks")), lists);

  const chosen = once(queries, api, () => useApiMutation("deleteTask", { invalidates: ["listCategories"] }));
  await fetchAll();
  await chosen.mutateAsync({ user_id, task_id: two?.id ?? 0 });
  assert.deepEqual(invalidated(queries), [`["listCategories",{"user_id":"${user_id}"}]`]);

  const account = once(queries, api, () => useApiMutation("deleteUser", { retry: false }));
  await fetchAll().catch(() => undefined);
  await account.mutateAsync({ user_id });
  assert.ok(invalidated(queries).length >= 2);
});

/** Returns a client whose first responses to writes are lost, and the keys of all its writes. */
function lossy(lost: number) {
  const { user_id } = newUser();
  const keys: (string | null)[] = [];
  const api = createTaskClient({
    baseUrl: API_URL,
    getToken: () => token(user_id),
    fetch: async (request) => {
      if (request.method !== "GET") keys.push(request.headers.get("Idempotency-Key"));
      const response = await fetch(request);
      if (request.method !== "GET" && lost-- > 0) throw new TypeError("the connection is gone");
      return response;
    },
  });
  return { api, user_id, keys };
}

test("the retries of a lost mutation have one key, and the next mutation has another one", async () => {
  const { api, user_id, keys } = lossy(1);
  const create: Mutation = once(newQueries(), api, () => useApiMutation("createTask", { retry: 2, retryDelay: 1 }));
  const args = { user_id, body: { title: "Once" } };
  await create.mutateAsync(args);
  await create.mutateAsync(args);
  assert.equal(keys.length, 3);
  assert.ok(keys[0] && keys[0] === keys[1] && keys[2] && keys[2] !== keys[0]);
  assert.equal((await api.listTasks({ user_id })).total, 2);
});

test("a mutation can be aborted, and has its own precondition", async () => {
  const { api, user_id } = newUser();
  const task = await api.createTask({ user_id, body: { title: "One" } });
  const change = once(newQueries(), api, () => useApiMutation("updateTask"));
  const args = { user_id, task_id: task.id, body: { title: "Two" } };
  await assert.rejects(change.mutateAsync({ ...args, options: { signal: AbortSignal.abort() } }), { name: "AbortError" });
  await change.mutateAsync({ ...args, options: { ifMatch: etagOf(task) } });
  await assert.rejects(
    change.mutateAsync({ ...args, options: { ifMatch: etagOf(task) } }),
    (error) => error instanceof TaskApiError && error.status === 412,
  );
});

test("an optimistic update is shown at once, and taken back after an error", async () => {
  const { api, user_id } = newUser();
  const task = await api.createTask({ user_id, body: { title: "Now" } });
  const queries = newQueries();
  const list = apiQuery(api, "listTasks", { user_id });
  await queries.fetchQuery(list);
  const shown = () => queries.getQueryData(list.queryKey)?.items.map((item) => item.completed);
  const seen: unknown[] = [];
  const toggle = once(queries, api, () =>
    useApiMutation("toggleTask", {
      onMutate: async ({ task_id }) => {
        await queries.cancelQueries({ queryKey: list.queryKey });
        const before = queries.getQueryData(list.queryKey);
        queries.setQueryData(list.queryKey, (page) =>
          page && { ...page, items: page.items.map((item) => (item.id === task_id ? { ...item, completed: true } : item)) },
        );
        seen.push(shown());
        return { before };
      },
      onError: (_error, _variables, context) => queries.setQueryData(list.queryKey, context?.before),
    }),
  );
  const args = { user_id, task_id: task.id };
  await assert.rejects(toggle.mutateAsync({ ...args, options: { ifMatch: '"wrong"' } }));
  assert.deepEqual([seen, shown()], [[[true]], [false]]);
  await toggle.mutateAsync(args);
  assert.deepEqual([seen, shown()], [[[true], [true]], [true]]);
});

test("a refetched query keeps the ETag of its data", async () => {
  const { api, user_id } = newUser();
  const { id: task_id } = await api.createTask({ user_id, body: { title: "One" } });
  const queries = newQueries();
  const query = { ...apiQuery(api, "getTask", { user_id, task_id }), staleTime: 0 };
  const first = await queries.fetchQuery(query);
  await queries.fetchQuery(query);
  assert.equal(queries.getQueryData(query.queryKey), first);
  await api.updateTask({ user_id, task_id, body: { title: "Two" } });
  await queries.fetchQuery(query);
  assert.notEqual(etagOf(queries.getQueryData(query.queryKey) ?? {}), etagOf(first));
});

test("the options of a query of pages are those of TanStack Query", async () => {
  const { api, user_id } = newUser();
  const queries = newQueries();
  const state = once(queries, api, () => useApiPages("listTasks", { user_id }, { enabled: false }));
  assert.deepEqual([state.fetchStatus, state.isPending], ["idle", true]);
});

test("without a provider, the hooks name what is missing", () => {
  const queries = newQueries();
  const component = () => createElement("p", null, useApiQuery("getHealth", {}).status);
  assert.throws(
    () => renderToString(createElement(QueryClientProvider, { client: queries }, createElement(component))),
    /no client provider/,
  );
});
