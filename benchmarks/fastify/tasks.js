// The statements. Each is prepared by its name, once per connection.

import { readFileSync } from "node:fs";
import pg from "pg";

// In the format of the contract: timestamps with microseconds, which a Date would lose, and ids as numbers.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
pg.types.setTypeParser(
  pg.types.builtins.TIMESTAMPTZ,
  (text) => `${text.slice(0, 10)}T${text.slice(11, text.length - 3)}Z`,
);

const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.DATABASE_POOL_SIZE),
});

const { schemas } = JSON.parse(readFileSync(process.env.CONTRACT, "utf8")).components;
const ETAG = `'"' || lpad(to_hex(revision), 16, '0') || '"' AS etag`;
const COLUMNS = Object.keys(schemas.TaskResponse.properties)
  .map((name) => (name === "etag" ? ETAG : name))
  .join(", ");
const NEW = Object.keys(schemas.TaskCreate.properties);
// A property that is not here is null unless it is given.
const DEFAULTS = { completed: false, priority: "medium" };
const THIS_TASK = "user_id = $1 AND id = $2";
const FILTERS = ["completed", "priority", "category_id"];

async function one(name, text, values) {
  return (await pool.query({ name, text, values })).rows[0];
}

const GET = `SELECT ${COLUMNS} FROM tasks_api.task WHERE ${THIS_TASK}`;
const TOGGLE =
  `UPDATE tasks_api.task SET completed = NOT completed, updated_at = clock_timestamp() ` +
  `WHERE ${THIS_TASK} RETURNING ${COLUMNS}`;
const CREATE =
  `INSERT INTO tasks_api.task (user_id, ${NEW.join(", ")}) ` +
  `VALUES ($1, ${NEW.map((_, index) => `$${index + 2}`).join(", ")}) RETURNING ${COLUMNS}`;

export const get = (userId, taskId) => one("get", GET, [userId, taskId]);
export const toggle = (userId, taskId) => one("toggle", TOGGLE, [userId, taskId]);

export function create(userId, body) {
  return one("create", CREATE, [userId, ...NEW.map((name) => body[name] ?? DEFAULTS[name] ?? null)]);
}

export function update(userId, taskId, changes) {
  // The names are validated by the contract's closed schema.
  const names = Object.keys(changes);
  if (names.length === 0) return get(userId, taskId);
  const set = names.map((name, index) => `${name} = $${index + 3}`).join(", ");
  const text =
    `UPDATE tasks_api.task SET ${set}, updated_at = clock_timestamp() ` +
    `WHERE ${THIS_TASK} RETURNING ${COLUMNS}`;
  return one(`update ${names}`, text, [userId, taskId, ...Object.values(changes)]);
}

const pages = new Map();

function page(names, after) {
  const name = `page ${names} ${after}`;
  if (!pages.has(name)) {
    const where = ["user_id = $1", ...names.map((column, index) => `${column} = $${index + 4}`)];
    const place = `(created_at, id) < ($${names.length + 4}, $${names.length + 5})`;
    const inPage = after ? [...where, place] : where;
    const text =
      `SELECT page.*, (SELECT count(*) FROM tasks_api.task WHERE ${where.join(" AND ")}) AS total ` +
      `FROM tasks_api.user LEFT JOIN (SELECT ${COLUMNS} FROM tasks_api.task ` +
      `WHERE ${inPage.join(" AND ")} ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3) page ON true ` +
      `WHERE tasks_api.user.id = $1 ORDER BY page.created_at DESC, page.id DESC`;
    pages.set(name, { name, text });
  }
  return pages.get(name);
}

export async function list(userId, { limit, offset, cursor, ...filters }) {
  const names = FILTERS.filter((name) => filters[name] !== undefined);
  const values = [userId, limit + 1, offset, ...names.map((name) => filters[name])];
  if (cursor !== undefined) values.push(...decode(cursor));
  const { rows } = await pool.query({ ...page(names, cursor !== undefined), values });
  if (rows.length === 0) return undefined;
  const { total } = rows[0];
  const more = rows.length > limit;
  if (more) rows.pop();
  // There is a row for the user even if the page has no task.
  const items = rows[0].id === null ? [] : rows;
  return { items, total, next_cursor: more ? encode(rows[limit - 1]) : null };
}

// A cursor: 14 hexadecimal digits for microseconds since 1970, and 14 for the id.

function encode({ created_at, id }) {
  const micros = Date.parse(`${created_at.slice(0, 19)}Z`) * 1000 + Number(created_at.slice(20, -1).padEnd(6, "0"));
  return micros.toString(16).padStart(14, "0") + id.toString(16).padStart(14, "0");
}

function decode(cursor) {
  const micros = Number.parseInt(cursor.slice(0, 14), 16);
  const millis = new Date(Math.floor(micros / 1000)).toISOString().slice(0, -1);
  return [`${millis}${String(micros % 1000).padStart(3, "0")}Z`, Number.parseInt(cursor.slice(14), 16)];
}
