import type { ErrorGroups, OperationId, Route } from "./types.js";

class Failure<Id extends string, Status extends number, Body> extends Error {
  /** The operation that failed. */
  readonly operationId: Id;
  readonly status: Status;
  readonly body: Body;
  /** The response, for its headers, such as `Retry-After`. Its body is already read. */
  readonly response: Response;

  constructor(operationId: Id, body: Body, response: Response) {
    super(`${operationId} answered ${response.status}: ${inWords(body)}`);
    this.name = "ApiError";
    this.operationId = operationId;
    this.status = response.status as Status;
    this.body = body;
    this.response = response;
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
  readonly response: Response;

  constructor(response: Response) {
    const type = response.headers.get("Content-Type") ?? "no content";
    super(`${response.url} answered ${response.status} with ${type} that is not the API's; check baseUrl`);
    this.name = "UnexpectedResponseError";
    this.response = response;
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
    const [place, text] = [property(one, "loc"), property(one, "msg")];
    return Array.isArray(place) ? `${place.join(".")}: ${String(text)}` : typeof one === "string" ? one : JSON.stringify(one);
  };
  return Array.isArray(said) ? said.map(words).join("; ") : String(words(said) ?? "no content");
}
