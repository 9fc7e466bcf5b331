// Options for TanStack Query, without hooks, so that loaders and servers can use them too.
import { replaceEqualDeep } from "@tanstack/react-query";
import { known } from "./client.js";
import { name } from "./contract.js";
import { after } from "./pages.js";
/** The first element of all query keys. */
export const API_KEY = name;
/** Options of a query: `queryClient.prefetchQuery(apiQuery(api, "getTask", { user_id, task_id }))`. */
export function apiQuery(api, id, args) {
    return {
        queryKey: [API_KEY, id, args],
        queryFn: async ({ signal }) => ((await method(api, id)(args, { signal })) ?? null),
        // A copy would lose the ETag.
        structuralSharing: (old, data) => {
            const etag = known(data);
            return etag === undefined ? replaceEqualDeep(old, data) : known(old) === etag ? old : data;
        },
    };
}
/** Options of an infinite query for a list. */
export function apiPages(api, id, args) {
    return {
        // Not the key of the plain query, whose data have another shape.
        queryKey: [API_KEY, id, args, "pages"],
        queryFn: ({ signal, pageParam }) => method(api, id)(pageParam === null ? args : after(args, pageParam), { signal }),
        initialPageParam: null,
        getNextPageParam: (page) => page.next_cursor ?? null,
    };
}
/** Returns the client's method for an operation that is known only at run time. */
export function method(api, id) {
    return api[id];
}
