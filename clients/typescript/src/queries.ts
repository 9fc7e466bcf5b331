// What TanStack Query has to know to read from the API; without hooks, so that loaders and servers can use it too.
import type { DataTag, InfiniteData } from "@tanstack/react-query";
import type { RequestOptions, TaskClient } from "./client.js";
import type { Arguments, ListOperationId, OperationId, Page, ReadOperationId, Result } from "./operations.js";

/** With what the keys of all queries here begin. */
export const API_KEY = "@tasks-api/client";

type Key<Id extends ReadOperationId, Data, Kind extends string[] = []> = DataTag<
  readonly [typeof API_KEY, Id, Arguments<Id>, ...Kind],
  Data,
  Error
>;

export interface ApiQuery<Id extends ReadOperationId> {
  queryKey: Key<Id, Result<Id>>;
  queryFn: (context: { signal: AbortSignal }) => Promise<Result<Id>>;
}

export interface ApiPages<Id extends ListOperationId> {
  queryKey: Key<Id, InfiniteData<Result<Id>, string | null>, ["pages"]>;
  queryFn: (context: { signal: AbortSignal; pageParam: string | null }) => Promise<Result<Id>>;
  initialPageParam: string | null;
  getNextPageParam: (page: Result<Id>) => string | null;
}

/** Options of a query: `queryClient.prefetchQuery(apiQuery(api, "getTask", { user_id, task_id }))`. */
export function apiQuery<Id extends ReadOperationId>(api: TaskClient, id: Id, args: Arguments<Id>): ApiQuery<Id> {
  return {
    queryKey: [API_KEY, id, args] as unknown as ApiQuery<Id>["queryKey"],
    queryFn: ({ signal }) => method(api, id)(args, { signal }),
  };
}

/** Options of an infinite query, whose pages are those of a list. */
export function apiPages<Id extends ListOperationId>(api: TaskClient, id: Id, args: Arguments<Id>): ApiPages<Id> {
  return {
    // Apart from the key of the plain query, whose data have another form.
    queryKey: [API_KEY, id, args, "pages"] as unknown as ApiPages<Id>["queryKey"],
    queryFn: ({ signal, pageParam }) =>
      // The first page has skipped what `offset` says; with a cursor it would be skipped again.
      method(api, id)(pageParam === null ? args : { ...args, offset: undefined, cursor: pageParam }, { signal }),
    initialPageParam: null,
    getNextPageParam: (page) => (page as Page<unknown>).next_cursor,
  };
}

/** The client's method for an operation that is known only when it is called. */
export function method<Id extends OperationId>(api: TaskClient, id: Id) {
  return api[id] as unknown as (args: Arguments<Id>, options?: RequestOptions) => Promise<Result<Id>>;
}
