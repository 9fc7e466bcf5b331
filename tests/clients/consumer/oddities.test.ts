// A client of tests/clients/oddities.yaml, in Node, against `specfirst mock`, which validates each request.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, createClient, etagOf, UnexpectedResponseError } from "oddities-client";
import type { Result, schemas, Thing, ThingRequest } from "oddities-client";
import type { Blob as OddBlob } from "oddities-client";

import { QueryClient } from "@tanstack/react-query";
import { setupServer } from "msw/node";
import { handlers } from "oddities-client/msw";
import { apiQuery } from "oddities-client/react";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function certain<_ extends true>(): void {}

const sent: Request[] = [];
const base = process.env["MOCK_URL"] ?? "";
const credentials: Record<string, string> = { token: "secret", key: "k&y", login: btoa("ada:pw"), cookie: "c+/=" };
const api = createClient({
  baseUrl: base,
  getToken: (scheme) => credentials[scheme],
  fetch: (request) => {
    sent.push(request.clone());
    return fetch(request);
  },
});
const last = (): Request => sent.at(-1) ?? assert.fail("nothing was sent");

/** Returns a client of a server that always gives this response. */
function answering(text: string | null, status = 200, type = "application/json") {
  const headers: Record<string, string> = text === null ? {} : { "Content-Type": type };
  return createClient({ baseUrl: "http://api.test", fetch: async () => new Response(text, { status, headers }) });
}

async function failure(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => assert.fail("it did not fail"),
    (error: unknown) => error,
  );
}

test("parameters are written as the contract says", async () => {
  await api["find-things.v2"]({
    version: 1,
    header_version: "2",
    labels: ["a,b", "c"],
    colors: ["a,b", "c"],
    sizes: [1, 2],
    words: ["x y", "z"],
    filter: { color: "a&b", size: 3 },
    area: { width: 4, name: "wide, long" },
    spread: { top: 5 },
    json: { a: [6] },
    "odd[name]": "7",
    "X-List": [8, 9],
    session: "ten; 10%",
    raw: "a%20b",
    query_options: true,
  });
  const { url, headers } = last();
  assert.equal(new URL(url).pathname, "/v1/things");
  assert.deepEqual(new URL(url).search.slice(1).split("&"), [
    "version=1",
    "labels=a%2Cb,c",
    "colors=a%2Cb",
    "colors=c",
    "sizes=1%7C2",
    "words=x%20y%20z",
    "filter%5Bcolor%5D=a%26b",
    "filter%5Bsize%5D=3",
    "area=width,4,name,wide%2C%20long",
    "top=5",
    "json=%7B%22a%22%3A%5B6%5D%7D",
    "odd%5Bname%5D=7",
    "options=true",
  ]);
  assert.equal(headers.get("version"), "2");
  assert.equal(headers.get("X-List"), "8,9");
  assert.equal(headers.get("Cookie"), "session=ten%3B%2010%25; raw=a%20b");
  assert.equal(headers.get("Authorization"), null);
});

test("a parameter may be called body", async () => {
  await api.strip({ body: "a", contentType: "b" });
  assert.equal(new URL(last().url).search, "?body=a&contentType=b");
  assert.equal(await last().text(), "");
});

test("path parameters have their styles", async () => {
  const file = await api.getFile({ name: "a/b", extension: "png", matrix: [1, 2], label: [3, 4] });
  assert.equal(new URL(last().url).pathname, "/v1/files/a%2Fb.png/;matrix=1;matrix=2/.3,4");
  assert.ok(file instanceof Blob && file.type === "image/png");
});

test("a success without a body is undefined", async () => {
  certain<Same<Result<"purge">, undefined>>();
  certain<Same<Result<"addThings">, undefined>>();
  assert.equal(await api.purge(), undefined);
  assert.equal(await api["thing exists"]({ id: 1 }), undefined);
  assert.equal(await api.addThings({}), undefined);
});

test("a success may have a body or none", async () => {
  certain<Same<Result<"getThing">, Thing | undefined>>();
  assert.equal((await api.getThing({ id: 1, query_id: "x" }))?.name, "One");
  assert.equal(new URL(last().url).search, "?id=x");
  assert.equal(await answering(null, 204).getThing({ id: 1 }), undefined);
  // @ts-expect-error It may be undefined.
  (await api.getThing({ id: 1 })).name;
});

test("a query without a body has the data null", async () => {
  const queries = new QueryClient();
  const client = answering(null, 204);
  const thing = await queries.fetchQuery(apiQuery(client, "getThing", { id: 1 }));
  certain<Same<typeof thing, Thing | null>>();
  assert.equal(thing, null);
});

test("another +json type is JSON", async () => {
  certain<Same<Result<"find-things.v2">, schemas.ThingList>>();
  assert.equal((await api["find-things.v2"]()).total, 0);
});

test("a merge patch has its media type", async () => {
  const body: ThingRequest = { name: "Two", kind: null, secret: "s" };
  assert.equal((await api.changeThing({ id: 1, body }))?.name, "One");
  assert.equal(last().headers.get("Content-Type"), "application/merge-patch+json");
  assert.deepEqual(await last().json(), body);
  // @ts-expect-error The server sets the id.
  void ({ id: 1, name: "", kind: null } satisfies ThingRequest);
  // @ts-expect-error A client never receives it.
  ((thing: Thing) => thing.secret)({ id: 1, name: "", kind: "a" });
});

test("a body may have several media types", async () => {
  await api.addThings({ body: { name: "Two", kind: "a" } });
  assert.equal(last().headers.get("Content-Type"), "application/json");
  await api.addThings({ body: "1;Two", contentType: "text/csv" });
  assert.equal(last().headers.get("Content-Type"), "text/csv");
  assert.equal(await last().text(), "1;Two");
  // @ts-expect-error A text is not JSON.
  void (() => api.addThings({ body: "1;Two" }));
});

test("a response may have several media types", async () => {
  const text = await api.getThing({ id: 1 }, { accept: "text/csv" });
  certain<Same<typeof text, string>>();
  assert.equal(text, "1;One");
  assert.equal(last().headers.get("Accept"), "text/csv");
  assert.ok((await failure(answering("1;One", 200, "text/csv").getThing({ id: 1 }))) instanceof UnexpectedResponseError);
});

test("forms and files are sent", async () => {
  const file = new File(["abc"], "a.txt");
  assert.equal(await api.upload({ body: { file, more: [file, file], about: { title: "A" }, count: 2 } }), "stored");
  assert.match(last().headers.get("Content-Type") ?? "", /^multipart\/form-data; boundary=/);
  const data = await last().formData();
  const body = { file, about: { title: "A" }, nullable: null, untyped: file, encoded: "aGk=", mixed: ["x", file] };
  assert.equal(await api.upload({ body }), "stored");
  // @ts-expect-error A text is not a file.
  void (() => api.upload({ body: { ...body, nullable: "x" } }));
  // @ts-expect-error What is encoded is a text.
  void (() => api.upload({ body: { ...body, encoded: file } }));
  assert.deepEqual([data.get("about"), data.get("count"), data.getAll("more").length], ['{"title":"A"}', "2", 2]);
  assert.equal(await api.replace({ body: new Uint8Array([1, 2, 3]) }), 3);
  assert.equal(last().headers.get("Content-Type"), "application/octet-stream");
  assert.equal(await api.form({ body: { name: "a b", tags: ["x,y", "z"], place: { x: 1 } } }), "<p>");
  assert.equal(await last().text(), "name=a%20b&tags=x%2Cy,z&place=%7B%22x%22%3A1%7D");
});

test("streams are read item by item", async () => {
  const changes: schemas.Change[] = [];
  for await (const change of await api.watch()) {
    if (change.kind === "removed") certain<Same<typeof change.at, [number, string]>>();
    changes.push(change);
  }
  for await (const change of await api.export()) changes.push(change);
  assert.equal(changes.length, 6);
  assert.ok(changes.every(({ kind }) => kind === "added" || kind === "removed"));
  const numbers: number[] = [];
  for await (const number of await api.delete()) numbers.push(number);
  assert.equal(numbers.length, 3);
  const events = answering(': a comment\r\ndata: {"kind":\r\ndata: "added", "name": "x"}\r\n\r\ndata: {"cut"', 200, "text/event-stream");
  const found: unknown[] = [];
  for await (const event of await events.watch()) found.push(event);
  assert.deepEqual(found, [{ kind: "added", name: "x" }]);
});

test("each security scheme has its place", async () => {
  await api.purge();
  assert.equal(last().headers.get("Authorization"), "Bearer secret");
  await api.then_({ body: "text", query_body: "b" });
  assert.equal(new URL(last().url).search, "?body=b&api_key=k%26y");
  assert.equal(last().method, "QUERY");
  for await (const _ of await api.export()) assert.equal(last().headers.get("Authorization"), "Basic YWRhOnB3");
  for await (const _ of await api.delete()) assert.equal(last().headers.get("Cookie"), "auth=c+/=");
});

test("errors of ranges and default have their bodies", async () => {
  const range = await failure(answering('{"title": "No"}', 409, "application/problem+json").purge());
  assert.ok(range instanceof ApiError && range.operationId === "purge" && range.status === 409);
  assert.equal(range.body.title, "No");
  assert.equal(range.message, "purge answered 409: No");
  const exact = await failure(answering('{"problems": ["a", "b"]}', 422).addThings({}));
  assert.ok(exact instanceof ApiError && exact.operationId === "addThings");
  if (exact.status === 422) certain<Same<typeof exact.body.problems, string[]>>();
  if (exact.status === 503) certain<Same<typeof exact.body, string>>();
  const other = await failure(answering("It broke", 503, "text/plain").addThings({}));
  assert.ok(other instanceof ApiError && other.body === "It broke");
  const refused = await failure(createClient({ baseUrl: base }).purge());
  assert.ok(refused instanceof ApiError && refused.status === 401, String(refused));
  for (const [text, status, type] of [
    ["<p>", 409, "text/html"],
    ['{"error": "a gateway"}', 409, "application/json"],
    ['{"title": "No"}', 503, "application/json"],
  ] as const) {
    assert.ok((await failure(answering(text, status, type).purge())) instanceof UnexpectedResponseError);
  }
});

test("the path of the contract's server is added to an origin", async () => {
  const urls: string[] = [];
  for (const baseUrl of ["http://api.test", "http://api.test/", "http://api.test/v1/", "http://api.test/proxy"]) {
    const fetch = async ({ url }: Request) => (urls.push(url), new Response(null, { status: 204 }));
    await createClient({ baseUrl, fetch }).purge();
  }
  assert.deepEqual(urls, [
    ...Array(3).fill("http://api.test/v1/things"),
    "http://api.test/proxy/things",
  ]);
});

test("an operation may have a server of its own", async () => {
  await api.closeRegions();
  assert.equal(last().url, `${base}/v3/regions`);
  const urls: string[] = [];
  const fetch = async ({ url }: Request) => (urls.push(url), Response.json([]));
  for (const baseUrl of ["http://api.test", "http://api.test/proxy/v1", "http://api.test/proxy"]) {
    const servers = { "https://eu.example.com/v2": baseUrl.endsWith("v1") ? "http://mock.test/" : undefined };
    const client = createClient({ baseUrl, servers, fetch });
    await client.listRegions();
    await client.closeRegions().catch(() => undefined);
    await client.openRegion().catch(() => undefined);
  }
  assert.deepEqual(urls, [
    "https://eu.example.com/v2/regions",
    "http://api.test/v3/regions",
    "http://api.test/v1/regions",
    "http://mock.test/regions",
    "http://api.test/proxy/v3/regions",
    "http://api.test/proxy/v1/regions",
    "https://eu.example.com/v2/regions",
    "http://api.test/v3/regions",
    "http://api.test/proxy/regions",
  ]);
  // @ts-expect-error The contract names no such server.
  void (() => createClient({ baseUrl: "", servers: { "https://us.example.com": "" } }));
});

test("handlers answer at the server of an operation", async () => {
  const servers = { "https://eu.example.com/v2": "http://mock.test" };
  for (const options of [{}, { servers }]) {
    const mocked = setupServer(...handlers("http://api.test", {}, options.servers));
    mocked.listen();
    const client = createClient({ baseUrl: "http://api.test", getToken: () => "t", ...options });
    assert.deepEqual(await client.listRegions(), ["eu"]);
    await client.closeRegions();
    mocked.close();
  }
});

test("an ETag comes with a body that has one", async () => {
  const thing = await api.getThing({ id: 1 });
  assert.equal(thing && etagOf(thing), '"1"');
});

const blob: OddBlob = { name: "a", size: 5 };
void blob;
