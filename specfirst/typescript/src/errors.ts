import type { ErrorGroups, OperationId, Route } from "./types.js";

class Failure<Id extends string, Status extends number, Body> extends Error {
  override readonly name: string = "ApiError";
  readonly status: Status;

  /** The operation that failed, and its response, for headers such as `Retry-After`; its body is already read. */
  constructor(readonly operationId: Id, readonly body: Body, readonly response: Response) {
    super(`${operationId} answered ${response.status}: ${inWords(body)}`);
    this.status = response.status as Status;
  }

  // The same class may be loaded as an ES module and with `require`.
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === "ApiError" && "operationId" in value;
  }
}

/**
 * The API sent one of the error responses of the contract.
 *
 * Comparing `status` narrows `body`, and comparing `operationId` narrows `status` to the statuses of that operation.
 */
export type ApiError<Id extends OperationId = OperationId> = {
  [Group in keyof ErrorGroups]: InGroup<Id & ErrorGroups[Group]["operations"], ErrorGroups[Group]["errors"]>;
}[keyof ErrorGroups];

type InGroup<Id extends string, Errors> = [Id] extends [never]
  ? never
  : { [Status in keyof Errors & number]: Failure<Id, Status, Errors[Status]> }[keyof Errors & number];

// One class at run time. For the compiler, `instanceof` narrows to a union of its instances.
export const ApiError: abstract new (...none: never) => ApiError = Failure as never;

/** The response is not one of the contract: it is from a proxy, or `baseUrl` is wrong. */
export class UnexpectedResponseError extends Error {
  override readonly name: string = "UnexpectedResponseError";

  constructor(readonly response: Response) {
    const type = response.headers.get("Content-Type") ?? "no content";
    super(`${response.url} answered ${response.status} with ${type} that is not the API's; check baseUrl`);
  }
}

/** Returns the error for a response that is not a success. */
export function failure(id: string, { errors }: Route, body: unknown, response: Response, json: boolean): Error {
  const { status } = response;
  const key = [`${status}`, `${Math.floor(status / 100)}XX`, "default"].find((one) => one in errors);
  const shape = key === undefined ? undefined : errors[key];
  const fits = shape && json && Object.entries(shape).every(([name, type]) => kind(property(body, name)) === type);
  return fits || shape === null ? new Failure(id, body, response) : new UnexpectedResponseError(response);
}

function property(value: unknown, name: string): unknown {
  return value === null || typeof value !== "object" ? undefined : (value as Record<string, unknown>)[name];
}

function kind(value: unknown): string {
  return Array.isArray(value) ? "array" : value === null ? "null" : typeof value;
}

/** Returns the text of an error body: its `detail`, `message` or `title`, or all validation errors. */
function inWords(body: unknown): string {
  const said = ["detail", "message", "title", "error"].map((name) => property(body, name)).find((one) => one) ?? body;
  const words = (one: unknown) => {
    const place = property(one, "loc");
    if (Array.isArray(place)) return `${place.join(".")}: ${String(property(one, "msg"))}`;
    return typeof one === "string" ? one : JSON.stringify(one);
  };
  return Array.isArray(said) ? said.map(words).join("; ") : String(words(said) ?? "no content");
}
