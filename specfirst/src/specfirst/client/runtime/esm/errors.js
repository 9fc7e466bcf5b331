class Failure extends Error {
    operationId;
    body;
    response;
    name = "ApiError";
    status;
    /** The operation that failed, and its response, for headers such as `Retry-After`; its body is already read. */
    constructor(operationId, body, response) {
        super(`${operationId} answered ${response.status}: ${inWords(body)}`);
        this.operationId = operationId;
        this.body = body;
        this.response = response;
        this.status = response.status;
    }
    // The same class may be loaded as an ES module and with `require`.
    static [Symbol.hasInstance](value) {
        return value instanceof Error && value.name === "ApiError" && "operationId" in value;
    }
}
// One class at run time. For the compiler, `instanceof` narrows to a union of its instances.
export const ApiError = Failure;
/** The response is not one of the contract: it is from a proxy, or `baseUrl` is wrong. */
export class UnexpectedResponseError extends Error {
    response;
    name = "UnexpectedResponseError";
    constructor(response) {
        const type = response.headers.get("Content-Type") ?? "no content";
        super(`${response.url} answered ${response.status} with ${type} that is not the API's; check baseUrl`);
        this.response = response;
    }
}
/** Returns the error for a response that is not a success. */
export function failure(id, { errors }, body, response, json) {
    const { status } = response;
    const key = [`${status}`, `${Math.floor(status / 100)}XX`, "default"].find((one) => one in errors);
    const shape = key === undefined ? undefined : errors[key];
    const fits = shape && json && Object.entries(shape).every(([name, type]) => kind(property(body, name)) === type);
    return fits || shape === null ? new Failure(id, body, response) : new UnexpectedResponseError(response);
}
function property(value, name) {
    return value === null || typeof value !== "object" ? undefined : value[name];
}
function kind(value) {
    return Array.isArray(value) ? "array" : value === null ? "null" : typeof value;
}
/** Returns the text of an error body: its `detail`, `message` or `title`, or all validation errors. */
function inWords(body) {
    const said = ["detail", "message", "title", "error"].map((name) => property(body, name)).find((one) => one) ?? body;
    const words = (one) => {
        const place = property(one, "loc");
        if (Array.isArray(place))
            return `${place.join(".")}: ${String(property(one, "msg"))}`;
        return typeof one === "string" ? one : JSON.stringify(one);
    };
    return Array.isArray(said) ? said.map(words).join("; ") : String(words(said) ?? "no content");
}
