// Options for TanStack Query, without hooks, so that loaders and servers can use them too.
import type { DataTag, InfiniteData } from "@tanstack/react-query";
import type { RequestOptions, TaskClient } from "./client.js";
import type { Arguments, ListOperationId, OperationId, Page, ReadOperationId, Result } from "./operations.js";

/** The first element of all query keys. */
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

/** Options of an infinite query for a list. */
export function apiPages<Id extends ListOperationId>(api: TaskClient, id: Id, args: Arguments<Id>): ApiPages<Id> {
  return {
    // Not the key of the plain query, whose data have another shape.
    queryKey: [API_KEY, id, args, "pages"] as unknown as ApiPages<Id>["queryKey"],
    queryFn: ({ signal, pageParam }) =>
      // The first page has applied `offset`; with a cursor, it would be applied again.
      method(api, id)(pageParam === null ? args : { ...args, offset: undefined, cursor: pageParam }, { signal }),
    initialPageParam: null,
    getNextPageParam: (page) => (page as Page<unknown>).next_cursor,
  };
}

/** Returns the client's method for an operation that is known only at run time. */
export function method<Id extends OperationId>(api: TaskClient, id: Id) {
  return api[id] as unknown as (args: Arguments<Id>, options?: RequestOptions) => Promise<Result<Id>>;
}
