// The hooks, rendered to text against the live server, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  API_KEY,
  apiPages,
  apiQuery,
  TaskClientProvider,
  useApiMutation,
  useApiPages,
  useApiQuery,
} from "@tasks-api/client/react";
import { TaskApiError, type TaskClient } from "@tasks-api/client";
import { createElement, type FunctionComponent } from "react";
import { renderToString } from "react-dom/server";
import { newUser } from "./people.ts";

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

test("a mutation invalidates queries, also after an error", async () => {
  const { api, user_id } = newUser();
  const queries = newQueries();
  const list = apiQuery(api, "listTasks", { user_id });
  const outcomes: string[] = [];
  const mutation: { current?: ReturnType<typeof useApiMutation<"createTask">> } = {};
  render(queries, api, () => {
    mutation.current = useApiMutation("createTask", {
      onSettled: (task, error) => {
        outcomes.push(task?.title ?? String(error instanceof TaskApiError && error.status));
      },
    });
    return null;
  });
  for (const title of ["New", ""]) {
    await queries.fetchQuery(list);
    assert.equal(queries.getQueryState(list.queryKey)?.isInvalidated, false);
    await mutation.current?.mutateAsync({ user_id, body: { title } }).catch(() => undefined);
    assert.equal(queries.getQueryState(list.queryKey)?.isInvalidated, true);
    await queries.refetchQueries({ queryKey: [API_KEY] });
    await queries.fetchQuery({ ...list, staleTime: 0 });
  }
  assert.deepEqual(outcomes, ["New", "422"]);
  assert.equal(queries.getQueryData(list.queryKey)?.total, 1);
});

test("without a provider, the hooks name what is missing", () => {
  const queries = newQueries();
  const component = () => createElement("p", null, useApiQuery("getHealth", {}).status);
  assert.throws(
    () => renderToString(createElement(QueryClientProvider, { client: queries }, createElement(component))),
    /no client provider/,
  );
});
