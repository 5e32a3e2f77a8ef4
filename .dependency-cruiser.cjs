const table = require("./import-table.cjs");

const never = (name, from, to) => ({ name, severity: "error", from, to });
const layers = Object.entries(table).map(([from, may]) =>
  never(`${from}-imports`, { path: `^src/${from}/` }, { path: "^src/", pathNot: `^src/(${[from, ...may].join("|")})(/|$)` }),
);
const only = (pkg, ...where) =>
  never(
    `only-${where.join("-")}-uses-${pkg}`,
    { path: "^(src|admin-ui)/", pathNot: `^(src/)?(${where.join("|")})/` },
    { path: `node_modules/(@types/)?${pkg}/` },
  );
const tables = (schema, ...where) =>
  never(
    `${schema}-tables-belong-to-${where.join("-")}`,
    { path: "^src/", pathNot: `^src/(${[...where, "db"].join("|")})/` },
    { path: `^src/db/schema/${schema}[.]ts$` },
  );

module.exports = {
  forbidden: [
    ...layers,
    only("pg", "db"),
    only("drizzle-orm", "db", "directory", "queue", "actions", "admin"),
    only("hono", "admin", "admin-ui"),
    only("smtp-server", "receive"),
    only("nodemailer", "deliver", "report"),
    only("mailparser", "admin"),
    only("commander", "cli"),
    tables("queue", "queue"),
    tables("directory", "directory", "actions"),
    never("no-circular", { path: "^(src|test)/" }, { circular: true }),
    // A part of a screen may take the type of what its screen has loaded.
    never("no-circular-panel", { path: "^admin-ui/" }, { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } }),
    never("mail-does-no-io", { path: "^src/mail/" }, { dependencyTypes: ["core", "npm"], pathNot: "^(node:)?(crypto|url)$" }),
    never("relay-decision-is-pure", { path: "^src/receive/relay-decision[.]ts$" }, { pathNot: "^src/mail/" }),
    never(
      "these-open-no-sockets",
      { path: "^src/(resolve|queue|report|actions)/" },
      { dependencyTypes: ["core"], path: "^(node:)?(net|tls|dns|http|https|http2|dgram)(/|$)" },
    ),
    never("src-never-imports-tests", { path: "^(src|admin-ui)/" }, { path: "^test/" }),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "require", "node", "default", "types"] },
  },
};
