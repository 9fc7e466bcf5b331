import createClient, { type Client, type ClientOptions } from "openapi-fetch";
import { headers, joined, routes } from "./contract.js";
import { failure, UnexpectedResponseError } from "./errors.js";
import type { Arguments, OperationId, Result } from "./operations.js";
import type { paths } from "./schema.js";

export interface TaskClientOptions extends Pick<ClientOptions, "credentials" | "fetch" | "headers"> {
  /** The base URL of the API's server, such as `https://api.example.com`; with its path, if it has one. */
  baseUrl: string;
  /** Returns the bearer token. The client calls it before each request, so it can replace an expired token. */
  getToken?: () => Token | Promise<Token>;
}

type Token = string | null | undefined;

export interface RequestOptions {
  signal?: AbortSignal | undefined;
}

/** Calls one operation. Throws `TaskApiError` for an error response, and the error of `fetch` if there is no response. */
export type Method<Id extends OperationId> = {} extends Arguments<Id>
  ? (args?: Arguments<Id>, options?: RequestOptions) => Promise<Result<Id>>
  : (args: Arguments<Id>, options?: RequestOptions) => Promise<Result<Id>>;

/** One method per operation of the contract, and `http` for everything else, such as response headers. */
export type TaskClient = { readonly [Id in keyof typeof routes]: Method<Id> } & {
  /** The openapi-fetch client. It throws only if there is no response. */
  readonly http: Client<paths, "application/json">;
};

export function createTaskClient({ getToken, ...options }: TaskClientOptions): TaskClient {
  const http = createClient<paths, "application/json">({
    // Read `fetch` at each request, because tools such as MSW replace it.
    fetch: (request) => fetch(request),
    querySerializer,
    ...options,
  });
  http.use({
    async onRequest({ request }) {
      const token = await getToken?.();
      if (token) request.headers.set("Authorization", `Bearer ${token}`);
    },
    onResponse({ response }) {
      const type = response.headers.get("Content-Type") ?? "";
      if (response.body && !type.startsWith("application/json")) throw new UnexpectedResponseError(response);
    },
  });
  const methods = Object.keys(routes).map((id) => [id, method(http, id as OperationId)]);
  return Object.fromEntries([...methods, ["http", http]]) as TaskClient;
}

/** Writes a query as the contract says. Encoding comes first, so a comma in a value separates nothing (RFC 6570, 3.2.8). */
function querySerializer(query: Record<string, unknown>): string {
  return Object.entries(query)
    .flatMap(([name, value]) => {
      const texts = [value].flat().filter((one) => one != null).map((one) => encodeURIComponent(String(one)));
      const values = joined.includes(name) && texts.length ? [texts.join(",")] : texts;
      return values.map((text) => `${encodeURIComponent(name)}=${text}`);
    })
    .join("&");
}

interface Answer {
  data?: unknown;
  error?: unknown;
  response: Response;
}

function method(http: TaskClient["http"], id: OperationId) {
  const [verb, path] = routes[id];
  // The compiler checks the arguments at the call of the method. Here they can be those of any operation.
  const request = http.request as (verb: string, path: string, init: object) => Promise<Answer>;
  return async ({ body, ...parameters }: Record<string, unknown> = {}, options: RequestOptions = {}) => {
    const params: Record<"path" | "query" | "header", Record<string, unknown>> = { path: {}, query: {}, header: {} };
    for (const [name, value] of Object.entries(parameters)) {
      params[path.includes(`{${name}}`) ? "path" : headers.includes(name) ? "header" : "query"][name] = value;
    }
    const { data, error, response } = await request(verb, path, { params, body, ...options });
    if (!response.ok) throw failure(id, error, response);
    return data;
  };
}
