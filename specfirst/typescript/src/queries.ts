// Options for TanStack Query, without hooks, so that loaders and servers can use them too.
import { replaceEqualDeep, type DataTag, type InfiniteData } from "@tanstack/react-query";
import { known } from "./client.js";
import { name } from "./contract.js";
import { after } from "./pages.js";
import type { Arguments, CallOptions, Client, ListOperationId, OperationId } from "./types.js";
import type { Page, ReadOperationId, Result } from "./types.js";

/** The first element of all query keys. */
export const API_KEY: string = name;

type Key<Id extends ReadOperationId, Data, Kind extends string[] = []> = DataTag<
  readonly [typeof API_KEY, Id, Arguments<Id>, ...Kind],
  Data,
  Error
>;

/** The data of a query: its result, or null if there is none, because TanStack Query allows no `undefined`. */
export type QueryData<Id extends ReadOperationId> = Defined<Result<Id>>;

type Defined<Value> = Value extends undefined ? null : Value;

export interface ApiQuery<Id extends ReadOperationId> {
  queryKey: Key<Id, QueryData<Id>>;
  queryFn: (context: { signal: AbortSignal }) => Promise<QueryData<Id>>;
  structuralSharing: (old: unknown, data: unknown) => unknown;
}

export interface ApiPages<Id extends ListOperationId> {
  queryKey: Key<Id, InfiniteData<Result<Id>, string | null>, ["pages"]>;
  queryFn: (context: { signal: AbortSignal; pageParam: string | null }) => Promise<Result<Id>>;
  initialPageParam: string | null;
  getNextPageParam: (page: Result<Id>) => string | null;
}

/** Options of a query: `queryClient.prefetchQuery(apiQuery(api, "getTask", { user_id, task_id }))`. */
export function apiQuery<Id extends ReadOperationId>(api: Client, id: Id, args: Arguments<Id>): ApiQuery<Id> {
  return {
    queryKey: [API_KEY, id, args] as unknown as ApiQuery<Id>["queryKey"],
    queryFn: async ({ signal }) => ((await method(api, id)(args, { signal })) ?? null) as QueryData<Id>,
    // A copy would lose the ETag.
    structuralSharing: (old, data) => {
      const etag = known(data);
      return etag === undefined ? replaceEqualDeep(old, data) : known(old) === etag ? old : data;
    },
  };
}

/** Options of an infinite query for a list. */
export function apiPages<Id extends ListOperationId>(api: Client, id: Id, args: Arguments<Id>): ApiPages<Id> {
  return {
    // Not the key of the plain query, whose data have another shape.
    queryKey: [API_KEY, id, args, "pages"] as unknown as ApiPages<Id>["queryKey"],
    queryFn: ({ signal, pageParam }) =>
      method(api, id)(pageParam === null ? args : after(args, pageParam), { signal }),
    initialPageParam: null,
    getNextPageParam: (page) => (page as Page<unknown>).next_cursor ?? null,
  };
}

/** Returns the client's method for an operation that is known only at run time. */
export function method<Id extends OperationId>(api: Client, id: Id) {
  return api[id] as unknown as (args: Arguments<Id>, options?: object) => Promise<Result<Id>>;
}

/** The variables of a mutation: the arguments of the operation, and the options of this call. */
export type Variables<Id extends OperationId> = Arguments<Id> & { options?: CallOptions<Id> | undefined };
