"use strict";
"use client";
Object.defineProperty(exports, "__esModule", { value: true });
exports.ClientProvider = void 0;
exports.useClient = useClient;
exports.useApiQuery = useApiQuery;
exports.useApiPages = useApiPages;
exports.useApiMutation = useApiMutation;
const react_query_1 = require("@tanstack/react-query");
const react_1 = require("react");
const client_js_1 = require("./client.js");
const contract_js_1 = require("./contract.js");
const queries_js_1 = require("./queries.js");
const Context = (0, react_1.createContext)(null);
/** Provides the client to the hooks below it. */
exports.ClientProvider = Context.Provider;
function useClient() {
    const api = (0, react_1.useContext)(Context);
    if (!api)
        throw new Error("There is no client provider around this component");
    return api;
}
/** A query: `useApiQuery("getTask", { user_id, task_id })`. Accepts the options of TanStack Query, such as `select`. */
function useApiQuery(id, args, options) {
    return (0, react_query_1.useQuery)({ ...(0, queries_js_1.apiQuery)(useClient(), id, args), ...options });
}
/** An infinite query: `fetchNextPage()` adds a page to `data.pages` while `hasNextPage` is true. */
function useApiPages(id, args, options) {
    const query = (0, queries_js_1.apiPages)(useClient(), id, args);
    return (0, react_query_1.useInfiniteQuery)({ ...options, ...query });
}
/**
 * A mutation: `useApiMutation("createTask").mutate({ user_id, body })`. Afterwards, successful or not, it invalidates
 * the queries that it affects. All retries of one `mutate` have the same idempotency key.
 */
function useApiMutation(id, { invalidates, ...options } = {}) {
    const api = useClient();
    const queries = (0, react_query_1.useQueryClient)();
    const mutation = (0, react_query_1.useMutation)({
        ...options,
        mutationFn: ({ options: given, ...args }) => (0, queries_js_1.method)(api, id)(args, given),
        onSettled: async (...outcome) => {
            await queries.invalidateQueries({
                predicate: ({ queryKey: [key, query, args] }) => key === queries_js_1.API_KEY &&
                    (invalidates ?? contract_js_1.affected[id] ?? []).includes(query) &&
                    samePath(query, args, outcome[2]),
            });
            return options.onSettled?.(...outcome);
        },
    });
    const { mutate, mutateAsync } = mutation;
    return {
        ...mutation,
        mutate: (0, react_1.useCallback)((args, ...rest) => mutate(keyed(id, args), ...rest), [id, mutate]),
        mutateAsync: (0, react_1.useCallback)((args, ...rest) => mutateAsync(keyed(id, args), ...rest), [id, mutateAsync]),
    };
}
/** Returns the variables with an idempotency key, if the operation knows one: TanStack Query keeps them for retries. */
function keyed(id, args) {
    const name = contract_js_1.operations[id]?.key;
    if (name === undefined || name in args)
        return args;
    return { ...args, options: { idempotencyKey: (0, client_js_1.newKey)(), ...args.options } };
}
/** Returns whether the path parameters that a query and a mutation share have the same values. */
function samePath(query, args, variables) {
    const [one, other] = [args, variables];
    const names = contract_js_1.operations[query]?.path.match(/[^{}]+(?=\})/g) ?? [];
    return names.every((name) => !other || !(name in other) || other[name] === one?.[name]);
}
