import { type InfiniteData, type UseInfiniteQueryOptions, type UseInfiniteQueryResult, type UseMutationOptions, type UseMutationResult, type UseQueryOptions, type UseQueryResult } from "@tanstack/react-query";
import { type Provider } from "react";
import { type QueryData, type Variables } from "./queries.js";
import type { Arguments, Client, ListOperationId, ReadOperationId, Result, WriteOperationId } from "./types.js";
/** Provides the client to the hooks below it. */
export declare const ClientProvider: Provider<Client | null>;
export declare function useClient(): Client;
/** A query: `useApiQuery("getTask", { user_id, task_id })`. Accepts the options of TanStack Query, such as `select`. */
export declare function useApiQuery<Id extends ReadOperationId, Data = QueryData<Id>>(id: Id, args: Arguments<Id>, options?: Omit<UseQueryOptions<QueryData<Id>, Error, Data>, "queryKey" | "queryFn">): UseQueryResult<Data, Error>;
type PagesOptions<Id extends ListOperationId, Data> = Omit<UseInfiniteQueryOptions<Result<Id>, Error, Data>, "queryKey" | "queryFn" | "initialPageParam" | "getNextPageParam" | "getPreviousPageParam">;
/** An infinite query: `fetchNextPage()` adds a page to `data.pages` while `hasNextPage` is true. */
export declare function useApiPages<Id extends ListOperationId, Data = InfiniteData<Result<Id>, string | null>>(id: Id, args: Arguments<Id>, options?: PagesOptions<Id, Data>): UseInfiniteQueryResult<Data, Error>;
export interface MutationOptions<Id extends WriteOperationId, Context> extends Omit<UseMutationOptions<Result<Id>, Error, Variables<Id>, Context>, "mutationFn"> {
    /** The queries that are fetched again (default: those of the same tag with the same path parameters). */
    invalidates?: readonly ReadOperationId[] | undefined;
}
/**
 * A mutation: `useApiMutation("createTask").mutate({ user_id, body })`. Afterwards, successful or not, it invalidates
 * the queries that it affects. All retries of one `mutate` have the same idempotency key.
 */
export declare function useApiMutation<Id extends WriteOperationId, Context = unknown>(id: Id, { invalidates, ...options }?: MutationOptions<Id, Context>): UseMutationResult<Result<Id>, Error, Variables<Id>, Context>;
export {};
