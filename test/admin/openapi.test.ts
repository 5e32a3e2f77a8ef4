import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { inputOf } from "../../src/admin/input.ts";
import { PROBLEM_TYPES } from "../../src/admin/problem.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { openPanel, type TestPanel } from "./support.ts";

type Json = Record<string, unknown>;
type Schema = Json & {
  readonly properties?: Record<string, Schema>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
};
type Parameter = { readonly name: string; readonly in: string; readonly required: boolean; readonly schema: Schema };
type Operation = {
  readonly operationId: string;
  readonly security: readonly Json[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: { readonly "application/json": { readonly schema: Schema } } };
};
type Document = {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: { readonly Problem: Schema } };
};

let database: TestDatabase;
let panel: TestPanel;
let document: Document;
beforeAll(async () => {
  database = await createDatabase();
  panel = openPanel(database);
  const answer = await panel.anonymous("GET", "/openapi.json");
  expect(answer.status).toBe(200);
  document = answer.body;
});
afterAll(async () => {
  await panel.close();
  await database.drop();
});

const schemaIn = (target: string, method: string, path: string): z.ZodObject | undefined =>
  panel.app.routes
    .filter((route) => route.method === method && route.path === path)
    .map(({ handler }) => inputOf(handler))
    .find((input) => input?.target === target)?.schema;

/** Each operation of the document with the route it is about. */
const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
      route: `/api/v1${path.replace(/\{(\w+)\}/g, ":$1")}`,
    })),
  );

test("it is OpenAPI 3.1, and has every route of the API and nothing else", () => {
  expect(document.openapi).toMatch(/^3\.1\./);
  const routes = panel.app.routes.filter(({ method, path }) => method !== "ALL" && path.startsWith("/api/v1/"));
  const expected = [...new Set(routes.map(({ method, path }) => `${method} ${path}`))].sort();
  expect(expected.length).toBeGreaterThan(20);
  expect(
    operations()
      .map(({ method, route }) => `${method} ${route}`)
      .sort(),
  ).toEqual(expected);
});

test("every operation has a name of its own, its path parameters, and who may", () => {
  const names = operations().map(({ operation }) => operation.operationId);
  expect(new Set(names).size).toBe(names.length);
  for (const { path, operation } of operations()) {
    const declared = operation.parameters.filter((each) => each.in === "path").map(({ name, required }) => [name, required]);
    expect(declared, path).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, true]));
    expect(Array.isArray(operation.security)).toBe(true);
  }
  expect(document.paths["/session"]?.["post"]?.security).toEqual([]);
  expect(document.paths["/tokens"]?.["post"]?.security.length).toBe(2);
});

test("every problem type is listed", () => {
  const listed = document.components.schemas.Problem.properties?.["type"]?.["enum"];
  expect(listed).toEqual(PROBLEM_TYPES.map((type) => `/docs/problems#${type}`));
});

const CANDIDATES: readonly unknown[] = [
  null,
  true,
  0,
  1,
  -1,
  1.5,
  201,
  1e12,
  "",
  "x",
  "x".repeat(5000),
  "superadmin",
  "2027-01-01",
  [],
  ["x"],
  [7],
  {},
  { x: 1 },
];

/** Something the schema takes. */
function sample(schema: Schema): unknown {
  if (schema["const"] !== undefined) return schema["const"];
  if (Array.isArray(schema["enum"])) return schema["enum"][0];
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return sample(choices[0] ?? {});
  if (schema["contentEncoding"] === "base64") return "eA==";
  switch (schema["type"]) {
    case "object":
      return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, each]) => [name, sample(each)]));
    case "array":
      return Array.from({ length: Math.max(1, (schema["minItems"] as number) ?? 1) }, () => sample(schema.items ?? {}));
    case "integer":
    case "number":
      return (schema["minimum"] as number) ?? 1;
    case "boolean":
      return true;
    default:
      return schema["format"] === "date-time" ? "2027-01-01T00:00:00Z" : "x".repeat(Math.max(1, (schema["minLength"] as number) ?? 1));
  }
}

/** Right and wrong values: all, each missing, one more, and each member of every kind. */
function examples(schema: Schema, taken: readonly string[]): readonly unknown[] {
  const whole = sample(schema) as Json;
  const names = [...new Set([...Object.keys(schema.properties ?? {}), ...taken])];
  const without = (name: string): Json => Object.fromEntries(Object.entries(whole).filter(([each]) => each !== name));
  return [
    whole,
    { ...whole, "a key nobody knows": 1 },
    Object.fromEntries((schema.required ?? []).map((name) => [name, whole[name]])),
    ...names.map(without),
    ...names.flatMap((name) => CANDIDATES.map((candidate) => ({ ...whole, [name]: candidate }))),
    ...CANDIDATES,
  ];
}

/** Values on which what is written and what is taken differ. */
function differences(written: Schema, taken: z.ZodObject): readonly unknown[] {
  const reader = z.fromJSONSchema(written as Parameters<typeof z.fromJSONSchema>[0]);
  return examples(written, Object.keys(taken.shape)).filter((value) => reader.safeParse(value).success !== taken.safeParse(value).success);
}

describe("what is written is what is taken", () => {
  test("bodies", () => {
    let compared = 0;
    for (const { method, route, operation } of operations()) {
      const written = operation.requestBody?.content["application/json"].schema;
      const taken = schemaIn("json", method, route);
      expect(written === undefined, `${method} ${route}`).toBe(taken === undefined);
      if (written === undefined || taken === undefined) continue;
      expect(taken.safeParse(sample(written)).success, `${method} ${route}: ${JSON.stringify(sample(written))}`).toBe(true);
      expect(differences(written, taken), `${method} ${route}`).toEqual([]);
      compared++;
    }
    expect(compared).toBeGreaterThan(5);
  });

  test("queries, as text", () => {
    const texts = ["", "x", "0", "1", "200", "201", "-1", "1.5", "true", "false", "maybe", "x".repeat(5000)];
    let compared = 0;
    for (const { method, route, operation } of operations()) {
      const declared = operation.parameters.filter((each) => each.in === "query");
      const taken = schemaIn("query", method, route);
      expect(declared.map(({ name }) => name).sort(), `${method} ${route}`).toEqual(Object.keys(taken?.shape ?? {}).sort());
      for (const { name, required, schema } of declared) {
        const reader = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
        const others = Object.fromEntries(
          declared.filter((each) => each.required && each.name !== name).map((each) => [each.name, String(sample(each.schema))]),
        );
        expect(taken?.safeParse(others).success, `${method} ${route} without ${name}`).toBe(!required);
        if (name === "return_to") continue; // a rule no schema can say
        for (const text of texts) {
          const value = schema["type"] === "integer" && /^-?[\d.]+$/.test(text) ? Number(text) : text;
          expect(taken?.safeParse({ ...others, [name]: text }).success, `${method} ${route}?${name}=${text.slice(0, 20)}`).toBe(
            reader.safeParse(value).success,
          );
          compared++;
        }
      }
    }
    expect(compared).toBeGreaterThan(50);
  });

  test("the comparison sees a difference", () => {
    const written = (schema: z.ZodType) => z.toJSONSchema(schema, { io: "input" }) as Schema;
    const taken = z.strictObject({ a: z.string().max(10), b: z.number().int().optional() });
    expect(differences(written(taken), taken)).toEqual([]);
    for (const other of [
      z.strictObject({ a: z.string().max(10) }),
      z.strictObject({ a: z.string().max(10).optional(), b: z.number().int().optional() }),
      z.strictObject({ a: z.string().max(9999), b: z.number().int().optional() }),
      z.strictObject({ a: z.string().max(10), b: z.number().int() }),
      z.strictObject({ a: z.string().max(10), b: z.number().optional() }),
      z.object({ a: z.string().max(10), b: z.number().int().optional() }).loose(),
    ])
      expect(differences(written(other), taken).length).toBeGreaterThan(0);
  });
});
