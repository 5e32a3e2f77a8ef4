/** OpenAPI 3.1 from the routes themselves: the policy and the validators on their handlers say all that is written here. */
import type { RouterRoute } from "hono/types";
import { z } from "zod";
import { type Action, tokenScopeOf } from "./access/policy.ts";
import { policyOf } from "./guard.ts";
import { inputOf } from "./input.ts";
import { PROBLEM_TYPES } from "./problem.ts";

type Json = Record<string, unknown>;
type Inputs = Partial<Record<"json" | "query" | "param", z.ZodObject>>;
type Operation = { readonly method: string; readonly path: string; readonly policy: Action | "everybody"; readonly inputs: Inputs };

const BASE = "/api/v1";

/** The document. Routes without a policy are none of the API. */
export function describeApi(routes: readonly RouterRoute[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operationsOf(routes)) {
    const path = operation.path.slice(BASE.length).replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(operation, path) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Mailroom",
      version,
      description:
        "Errors are application/problem+json (RFC 9457). Every write takes `?dry_run=true`, where it is listed, and `Idempotency-Key`; changes to a row that has a version take `If-Match`.",
    },
    servers: [{ url: BASE }],
    paths,
    components: {
      schemas: { Problem: PROBLEM },
      securitySchemes: {
        session: { type: "apiKey", in: "cookie", name: "__Host-mailroom" },
        token: { type: "http", scheme: "bearer", bearerFormat: "mrt_ and 43 characters" },
      },
    },
  };
}

/** One for each method and path: handlers of one route stand there one by one. */
function operationsOf(routes: readonly RouterRoute[]): readonly Operation[] {
  const found = new Map<string, { method: string; path: string; policy: Action | "everybody" | undefined; inputs: Inputs }>();
  for (const { method, path, handler } of routes) {
    if (method === "ALL" || !path.startsWith(`${BASE}/`)) continue;
    const key = `${method} ${path}`;
    const operation = found.get(key) ?? { method, path, policy: undefined, inputs: {} };
    operation.policy ??= policyOf(handler);
    const input = inputOf(handler);
    if (input !== undefined) operation.inputs[input.target] = input.schema;
    found.set(key, operation);
  }
  return [...found.values()].flatMap((each) => (each.policy === undefined ? [] : [{ ...each, policy: each.policy }]));
}

function describe({ method, policy, inputs }: Operation, path: string): Json {
  const isWrite = method !== "GET";
  return {
    operationId: `${method.toLowerCase()}${path.replace(/[^A-Za-z0-9]+(.?)/g, (_, next: string) => next.toUpperCase())}`,
    ...(policy === "everybody"
      ? { security: [] }
      : {
          description: `What \`${policy}\` allows; a token needs the scope \`${tokenScopeOf(policy)}\`.`,
          security: [{ session: [] }, { token: [] }],
        }),
    parameters: [...pathParameters(path, inputs.param), ...queryParameters(inputs.query), ...(isWrite ? [KEY] : [])],
    ...(inputs.json !== undefined && {
      requestBody: { required: true, content: { "application/json": { schema: schemaOf(inputs.json) } } },
    }),
    responses: {
      "2XX": { description: "Done." },
      default: {
        description: "It was not done.",
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    },
  };
}

/** What is taken: the schema before its defaults and conversions. */
const schemaOf = (schema: z.ZodType): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any", reused: "inline" });
  return rest;
};

const pathParameters = (path: string, schema: z.ZodObject | undefined): readonly Json[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: schema?.shape[name] === undefined ? { type: "string" } : schemaOf(schema.shape[name] as z.ZodType),
  }));

function queryParameters(schema: z.ZodObject | undefined): readonly Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema) as { properties?: Record<string, Json>; required?: readonly string[] };
  return Object.entries(properties).map(([name, each]) => ({ name, in: "query", required: required.includes(name), schema: each }));
}

const KEY = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "The same key and request within a day: the same answer, and nothing is done twice.",
  schema: { type: "string", minLength: 1, maxLength: 200 },
};

const PROBLEM = {
  type: "object",
  required: ["type", "title", "status", "detail"],
  properties: {
    type: { type: "string", enum: PROBLEM_TYPES.map((type) => `/docs/problems#${type}`) },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    hint: { type: "string", description: "The next step." },
    instance: { type: "string" },
    request_id: { type: "string" },
    errors: {
      type: "array",
      items: {
        type: "object",
        properties: { pointer: { type: "string" }, code: { type: "string" }, detail: { type: "string" } },
        required: ["pointer", "code", "detail"],
      },
    },
  },
};
