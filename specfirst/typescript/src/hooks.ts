"use client";
import {
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
  type InfiniteData,
  type UseInfiniteQueryOptions,
  type UseInfiniteQueryResult,
  type UseMutationOptions,
  type UseMutationResult,
  type UseQueryOptions,
  type UseQueryResult,
} from "@tanstack/react-query";
import { createContext, useCallback, useContext, type Provider } from "react";
import { newKey } from "./client.js";
import { affected, operations } from "./contract.js";
import { API_KEY, apiPages, apiQuery, method, type QueryData, type Variables } from "./queries.js";
import type { Arguments, Client, ListOperationId, ReadOperationId, Result, WriteOperationId } from "./types.js";

const Context = createContext<Client | null>(null);

/** Provides the client to the hooks below it. */
export const ClientProvider: Provider<Client | null> = Context.Provider;

export function useClient(): Client {
  const api = useContext(Context);
  if (!api) throw new Error("There is no client provider around this component");
  return api;
}

/** A query: `useApiQuery("getTask", { user_id, task_id })`. Accepts the options of TanStack Query, such as `select`. */
export function useApiQuery<Id extends ReadOperationId, Data = QueryData<Id>>(
  id: Id,
  args: Arguments<Id>,
  options?: Omit<UseQueryOptions<QueryData<Id>, Error, Data>, "queryKey" | "queryFn">,
): UseQueryResult<Data, Error> {
  return useQuery<QueryData<Id>, Error, Data>({ ...apiQuery(useClient(), id, args), ...options } as never);
}

type PagesOptions<Id extends ListOperationId, Data> = Omit<
  UseInfiniteQueryOptions<Result<Id>, Error, Data>,
  "queryKey" | "queryFn" | "initialPageParam" | "getNextPageParam" | "getPreviousPageParam"
>;

/** An infinite query: `fetchNextPage()` adds a page to `data.pages` while `hasNextPage` is true. */
export function useApiPages<Id extends ListOperationId, Data = InfiniteData<Result<Id>, string | null>>(
  id: Id,
  args: Arguments<Id>,
  options?: PagesOptions<Id, Data>,
): UseInfiniteQueryResult<Data, Error> {
  const query = apiPages(useClient(), id, args);
  return useInfiniteQuery({ ...options, ...query } as never) as UseInfiniteQueryResult<Data, Error>;
}

export interface MutationOptions<Id extends WriteOperationId, Context>
  extends Omit<UseMutationOptions<Result<Id>, Error, Variables<Id>, Context>, "mutationFn"> {
  /** The queries that are fetched again (default: those of the same tag with the same path parameters). */
  invalidates?: readonly ReadOperationId[] | undefined;
}

/**
 * A mutation: `useApiMutation("createTask").mutate({ user_id, body })`. Afterwards, successful or not, it invalidates
 * the queries that it affects. All retries of one `mutate` have the same idempotency key.
 */
export function useApiMutation<Id extends WriteOperationId, Context = unknown>(
  id: Id,
  { invalidates, ...options }: MutationOptions<Id, Context> = {},
): UseMutationResult<Result<Id>, Error, Variables<Id>, Context> {
  const api = useClient();
  const queries = useQueryClient();
  const mutation = useMutation<Result<Id>, Error, Variables<Id>, Context>({
    ...options,
    mutationFn: ({ options: given, ...args }) => method(api, id)(args as Arguments<Id>, given),
    onSettled: async (...outcome) => {
      await queries.invalidateQueries({
        predicate: ({ queryKey: [key, query, args] }) =>
          key === API_KEY &&
          (invalidates ?? affected[id] ?? []).includes(query as ReadOperationId) &&
          samePath(query as string, args, outcome[2]),
      });
      return options.onSettled?.(...outcome);
    },
  });
  const { mutate, mutateAsync } = mutation;
  return {
    ...mutation,
    mutate: useCallback<Run<Id>>((args, ...rest) => (mutate as Run<Id>)(keyed(id, args), ...rest), [id, mutate]),
    mutateAsync: useCallback<Run<Id>>(
      (args, ...rest) => (mutateAsync as Run<Id>)(keyed(id, args), ...rest),
      [id, mutateAsync],
    ),
  } as typeof mutation;
}

type Run<Id extends WriteOperationId> = (args: Variables<Id>, ...rest: object[]) => unknown;

/** Returns the variables with an idempotency key, if the operation knows one: TanStack Query keeps them for retries. */
function keyed<Id extends WriteOperationId>(id: Id, args: Variables<Id>): Variables<Id> {
  const name = operations[id]?.key;
  if (name === undefined || name in (args as object)) return args;
  return { ...args, options: { idempotencyKey: newKey(), ...args.options } };
}

/** Returns whether the path parameters that a query and a mutation share have the same values. */
function samePath(query: string, args: unknown, variables: unknown): boolean {
  const [one, other] = [args, variables] as Record<string, unknown>[];
  const names = operations[query]?.path.match(/[^{}]+(?=\})/g) ?? [];
  return names.every((name) => !other || !(name in other) || other[name] === one?.[name]);
}
