"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.API_KEY = void 0;
exports.apiQuery = apiQuery;
exports.apiPages = apiPages;
exports.method = method;
// Options for TanStack Query, without hooks, so that loaders and servers can use them too.
const react_query_1 = require("@tanstack/react-query");
const client_js_1 = require("./client.js");
const contract_js_1 = require("./contract.js");
const pages_js_1 = require("./pages.js");
/** The first element of all query keys. */
exports.API_KEY = contract_js_1.name;
/** Options of a query: `queryClient.prefetchQuery(apiQuery(api, "getTask", { user_id, task_id }))`. */
function apiQuery(api, id, args) {
    return {
        queryKey: [exports.API_KEY, id, args],
        queryFn: async ({ signal }) => ((await method(api, id)(args, { signal })) ?? null),
        // A copy would lose the ETag.
        structuralSharing: (old, data) => {
            const etag = (0, client_js_1.known)(data);
            return etag === undefined ? (0, react_query_1.replaceEqualDeep)(old, data) : (0, client_js_1.known)(old) === etag ? old : data;
        },
    };
}
/** Options of an infinite query for a list. */
function apiPages(api, id, args) {
    return {
        // Not the key of the plain query, whose data have another shape.
        queryKey: [exports.API_KEY, id, args, "pages"],
        queryFn: ({ signal, pageParam }) => method(api, id)(pageParam === null ? args : (0, pages_js_1.after)(args, pageParam), { signal }),
        initialPageParam: null,
        getNextPageParam: (page) => page.next_cursor ?? null,
    };
}
/** Returns the client's method for an operation that is known only at run time. */
function method(api, id) {
    return api[id];
}
