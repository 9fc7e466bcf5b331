// What each generated client must be able to do. `check` runs it against a server; the types must fit without casts.
export interface Task<Id> {
  id: Id;
  title: string;
  completed: boolean;
  etag: string;
}

export interface Page<Id> {
  items: Task<Id>[];
  total: Id;
  next_cursor: string | null;
}

export interface Client<Id> {
  /** Create a task with this title and the priority high. */
  create(title: string): Promise<Task<Id>>;
  /** Return a page of the tasks with the priority high. */
  list(limit: number, cursor?: string): Promise<Page<Id>>;
  get(id: Id): Promise<Task<Id>>;
  /** Return the error code of the 404, whose body is typed; its `detail` is a text, unlike that of 422. */
  missing(id: Id): Promise<string>;
  toggle(id: Id, key: string): Promise<Task<Id>>;
  /** Change the task if it has this entity tag, and return the status. */
  rename(id: Id, title: string, etag: string): Promise<number>;
}

export function setting(name: "API_URL" | "USER_ID" | "TOKEN"): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

/** Return the code of an error whose detail is a text, for a compiler that has narrowed it. */
export const code = (error: { code: string; detail: string }): string => error.code;

function same(what: string, found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`${what}: ${String(found)} and not ${String(expected)}`);
}

export async function check<Id extends number | bigint>(client: Client<Id>): Promise<void> {
  for (const title of ["One", "Two", "Three"]) await client.create(title);
  const first = await client.list(2);
  same("the newest task", first.items.map(({ title }) => title).join(), "Three,Two");
  same("the total", Number(first.total), 3);
  if (first.next_cursor === null) throw new Error("there is no cursor");
  const second = await client.list(2, first.next_cursor);
  same("the second page", second.items.map(({ title }) => title).join(), "One");
  same("the last cursor", second.next_cursor, null);

  const [task] = second.items;
  if (task === undefined) throw new Error("there is no task");
  same("the task", (await client.get(task.id)).etag, task.etag);
  const [newest] = first.items;
  if (newest === undefined) throw new Error("there is no newest task");
  same("the code of a 404", await client.missing(unknown(newest.id)), "task_not_found");
  const toggled = [await client.toggle(task.id, "once"), await client.toggle(task.id, "once")];
  same("two toggles with one key", toggled.map(({ completed }) => completed).join(), "true,true");
  same("a change with an old entity tag", await client.rename(task.id, "Late", task.etag), 412);
  same("a change with the entity tag of a list", await client.rename(newest.id, "New", newest.etag), 200);
  console.log("works");
}

/** Return an id that no task has. */
function unknown<Id extends number | bigint>(id: Id): Id {
  return (typeof id === "bigint" ? id + 1_000_000n : Number(id) + 1_000_000) as Id;
}
