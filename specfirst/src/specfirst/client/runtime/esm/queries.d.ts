import { type DataTag, type InfiniteData } from "@tanstack/react-query";
import type { Arguments, CallOptions, Client, ListOperationId, OperationId } from "./types.js";
import type { ReadOperationId, Result } from "./types.js";
/** The first element of all query keys. */
export declare const API_KEY: string;
type Key<Id extends ReadOperationId, Data, Kind extends string[] = []> = DataTag<readonly [typeof API_KEY, Id, Arguments<Id>, ...Kind], Data, Error>;
/** The data of a query: its result, or null if there is none, because TanStack Query allows no `undefined`. */
export type QueryData<Id extends ReadOperationId> = Defined<Result<Id>>;
type Defined<Value> = Value extends undefined ? null : Value;
export interface ApiQuery<Id extends ReadOperationId> {
    queryKey: Key<Id, QueryData<Id>>;
    queryFn: (context: {
        signal: AbortSignal;
    }) => Promise<QueryData<Id>>;
    structuralSharing: (old: unknown, data: unknown) => unknown;
}
export interface ApiPages<Id extends ListOperationId> {
    queryKey: Key<Id, InfiniteData<Result<Id>, string | null>, ["pages"]>;
    queryFn: (context: {
        signal: AbortSignal;
        pageParam: string | null;
    }) => Promise<Result<Id>>;
    initialPageParam: string | null;
    getNextPageParam: (page: Result<Id>) => string | null;
}
/** Options of a query: `queryClient.prefetchQuery(apiQuery(api, "getTask", { user_id, task_id }))`. */
export declare function apiQuery<Id extends ReadOperationId>(api: Client, id: Id, args: Arguments<Id>): ApiQuery<Id>;
/** Options of an infinite query for a list. */
export declare function apiPages<Id extends ListOperationId>(api: Client, id: Id, args: Arguments<Id>): ApiPages<Id>;
/** Returns the client's method for an operation that is known only at run time. */
export declare function method<Id extends OperationId>(api: Client, id: Id): (args: Arguments<Id>, options?: object) => Promise<Result<Id>>;
/** The variables of a mutation: the arguments of the operation, and the options of this call. */
export type Variables<Id extends OperationId> = Arguments<Id> & {
    options?: CallOptions<Id> | undefined;
};
export {};
