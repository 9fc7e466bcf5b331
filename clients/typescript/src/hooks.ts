"use client";
import {
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
  type InfiniteData,
  type UseInfiniteQueryResult,
  type UseMutationOptions,
  type UseMutationResult,
  type UseQueryOptions,
  type UseQueryResult,
} from "@tanstack/react-query";
import { createContext, useContext, type Provider } from "react";
import type { TaskClient } from "./client.js";
import type { Arguments, ListOperationId, ReadOperationId, Result, WriteOperationId } from "./operations.js";
import { API_KEY, apiPages, apiQuery, method } from "./queries.js";

const Context = createContext<TaskClient | null>(null);

/** Provides the client to the hooks below it: `<TaskClientProvider value={api}>`. */
export const TaskClientProvider: Provider<TaskClient | null> = Context.Provider;

export function useTaskClient(): TaskClient {
  const api = useContext(Context);
  if (!api) throw new Error("There is no TaskClientProvider around this component");
  return api;
}

/** A query: `useApiQuery("getTask", { user_id, task_id })`. Accepts the options of TanStack Query, such as `select`. */
export function useApiQuery<Id extends ReadOperationId, Data = Result<Id>>(
  id: Id,
  args: Arguments<Id>,
  options?: Omit<UseQueryOptions<Result<Id>, Error, Data>, "queryKey" | "queryFn">,
): UseQueryResult<Data, Error> {
  return useQuery<Result<Id>, Error, Data>({ ...options, ...apiQuery(useTaskClient(), id, args) });
}

/** An infinite query: `fetchNextPage()` adds a page to `data.pages` while `hasNextPage` is true. */
export function useApiPages<Id extends ListOperationId>(
  id: Id,
  args: Arguments<Id>,
): UseInfiniteQueryResult<InfiniteData<Result<Id>, string | null>, Error> {
  return useInfiniteQuery(apiPages(useTaskClient(), id, args));
}

/** A mutation: `useApiMutation("createTask").mutate({ user_id, body })`. Afterwards all queries are fetched again. */
export function useApiMutation<Id extends WriteOperationId>(
  id: Id,
  options?: Omit<UseMutationOptions<Result<Id>, Error, Arguments<Id>>, "mutationFn">,
): UseMutationResult<Result<Id>, Error, Arguments<Id>> {
  const api = useTaskClient();
  const queries = useQueryClient();
  return useMutation<Result<Id>, Error, Arguments<Id>>({
    ...options,
    mutationFn: (args) => method(api, id)(args),
    onSettled: async (...outcome) => {
      await queries.invalidateQueries({ queryKey: [API_KEY] });
      return options?.onSettled?.(...outcome);
    },
  });
}
