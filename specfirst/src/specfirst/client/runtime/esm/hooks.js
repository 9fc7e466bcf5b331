"use client";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient, } from "@tanstack/react-query";
import { createContext, useCallback, useContext } from "react";
import { newKey } from "./client.js";
import { affected, operations } from "./contract.js";
import { API_KEY, apiPages, apiQuery, method } from "./queries.js";
const Context = createContext(null);
/** Provides the client to the hooks below it. */
export const ClientProvider = Context.Provider;
export function useClient() {
    const api = useContext(Context);
    if (!api)
        throw new Error("There is no client provider around this component");
    return api;
}
/** A query: `useApiQuery("getTask", { user_id, task_id })`. Accepts the options of TanStack Query, such as `select`. */
export function useApiQuery(id, args, options) {
    return useQuery({ ...apiQuery(useClient(), id, args), ...options });
}
/** An infinite query: `fetchNextPage()` adds a page to `data.pages` while `hasNextPage` is true. */
export function useApiPages(id, args, options) {
    const query = apiPages(useClient(), id, args);
    return useInfiniteQuery({ ...options, ...query });
}
/**
 * A mutation: `useApiMutation("createTask").mutate({ user_id, body })`. Afterwards, successful or not, it invalidates
 * the queries that it affects. All retries of one `mutate` have the same idempotency key.
 */
export function useApiMutation(id, { invalidates, ...options } = {}) {
    const api = useClient();
    const queries = useQueryClient();
    const mutation = useMutation({
        ...options,
        mutationFn: ({ options: given, ...args }) => method(api, id)(args, given),
        onSettled: async (...outcome) => {
            await queries.invalidateQueries({
                predicate: ({ queryKey: [key, query, args] }) => key === API_KEY &&
                    (invalidates ?? affected[id] ?? []).includes(query) &&
                    samePath(query, args, outcome[2]),
            });
            return options.onSettled?.(...outcome);
        },
    });
    const { mutate, mutateAsync } = mutation;
    return {
        ...mutation,
        mutate: useCallback((args, ...rest) => mutate(keyed(id, args), ...rest), [id, mutate]),
        mutateAsync: useCallback((args, ...rest) => mutateAsync(keyed(id, args), ...rest), [id, mutateAsync]),
    };
}
/** Returns the variables with an idempotency key, if the operation knows one: TanStack Query keeps them for retries. */
function keyed(id, args) {
    const name = operations[id]?.key;
    if (name === undefined || name in args)
        return args;
    return { ...args, options: { idempotencyKey: newKey(), ...args.options } };
}
/** Returns whether the path parameters that a query and a mutation share have the same values. */
function samePath(query, args, variables) {
    const [one, other] = [args, variables];
    const names = operations[query]?.path.match(/[^{}]+(?=\})/g) ?? [];
    return names.every((name) => !other || !(name in other) || other[name] === one?.[name]);
}
