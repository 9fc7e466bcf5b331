export const isJson = (type) => /^application\/json$|\+json$/.test(type);
export const isObject = (value) => typeof value === "object" && value !== null;
/** Returns the parts of a value: those of an array, or names and values of an object (RFC 6570, section 3.2.1). */
function parts(value, explode, encode) {
    const text = (one) => encode(isObject(one) ? JSON.stringify(one) : String(one));
    if (!isObject(value))
        return [text(value)];
    const given = Object.entries(value).filter(([, one]) => one != null);
    if (Array.isArray(value))
        return given.map(([, one]) => text(one));
    return given.flatMap(([name, one]) => (explode ? `${encode(name)}=${text(one)}` : [encode(name), text(one)]));
}
/** Returns the pairs `name=value` of a query parameter, a cookie or a property of a form. */
export function pairs(name, value, place) {
    const { style = "form", explode = style === "form" || style === "cookie", json } = place;
    const encode = style === "cookie" ? String : encodeURIComponent;
    const key = encode(name);
    if (json)
        return [`${key}=${encode(JSON.stringify(value))}`];
    if (style === "deepObject" && isObject(value)) {
        const nested = Object.entries(value).filter(([, one]) => one != null);
        return nested.flatMap(([part, one]) => pairs(Array.isArray(value) ? name : `${name}[${part}]`, one, place));
    }
    // Encoding comes first, so a comma in a value separates nothing.
    const texts = parts(value, explode, encode);
    if (explode && isObject(value))
        return Array.isArray(value) ? texts.map((text) => `${key}=${text}`) : texts;
    const between = { spaceDelimited: "%20", pipeDelimited: "%7C" }[style] ?? ",";
    return texts.length ? [`${key}=${texts.join(between)}`] : [];
}
/** Returns the text of a path parameter. */
export function segment(name, value, { style = "simple", explode = false, json }) {
    const [before, between] = { label: [".", "."], matrix: [";", ";"] }[style] ?? ["", ","];
    const texts = parts(json ? JSON.stringify(value) : value, explode, encodeURIComponent);
    const named = style === "matrix" && !(explode && isObject(value) && !Array.isArray(value)) ? `${name}=` : "";
    const text = before + (explode ? texts.map((one) => named + one).join(between) : named + texts.join(","));
    // URLs have no such segments: `..` would call another path.
    if (value == null || /^\.{0,2}$/.test(text))
        throw new TypeError(`The path parameter ${name} cannot be "${text}"`);
    return text;
}
/** Returns the value of a header. */
export const field = (value, { explode = false, json }) => parts(json ? JSON.stringify(value) : value, explode, String).join(",");
/** Reads a body in the syntax of its media type; undefined if it is empty. */
export async function read(response, type) {
    if (!/^text\/|[/+](json|xml|yaml)$|x-yaml$|x-www-form-urlencoded$/.test(type))
        return response.blob();
    const text = await response.text();
    return !isJson(type) ? text : text ? JSON.parse(text) : undefined;
}
