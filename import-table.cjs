/** Which folder of src/ may import which other. The import check and a test read this; main.ts may import everything. */
module.exports = {
  mail: [], // the words every folder speaks, as types and functions without I/O: mailbox, path, lookup, envelope, reply, verdict, header, trace field, loop
  log: ["mail"], // writes lines and counts; maillog is the closed list of mail events; decides nothing
  config: ["mail", "log"], // reads the settings once and reports all faults together; the only reader of process.env and of the settings file; makes and watches the certificate
  db: ["mail", "log"], // client, migrations, embedded server, table definitions; knows no mail rule
  directory: ["mail", "log", "db"], // says what an address or domain means, in three answers: Postgres entries and routes, cache
  resolve: ["mail", "log", "directory"], // one forward-path → final recipients with their paths, or one refusal; knows no SMTP session
  queue: ["mail", "log", "db"], // the only reader and writer of queue tables; opens no connection, knows no caller
  report: ["mail", "log", "db", "resolve", "queue"], // composes DSNs and notices and decides which are due, and books them; its own mail is resolved like any other
  sending: ["mail", "log", "db", "queue"], // who may send through us, as whom and how much: sign-in, send-as rights, limits; holds a stopped person's mail
  receive: ["mail", "log", "directory", "resolve", "queue", "sending"], // speaks SMTP with the outside, decides relaying, queues what it accepts
  deliver: ["mail", "log", "directory", "queue", "report"], // takes due recipients to the next hop and settles them; asks the directory only for routes
  actions: ["mail", "log", "db", "directory", "resolve", "queue", "sending"], // one function per change an admin can make, with its change record in the same transaction
  admin: ["mail", "log", "db", "directory", "resolve", "queue", "sending", "actions"], // HTTP: the panel and its API, health, metrics, the set-up of mail programs; changes only through actions/
  cli: [
    "mail",
    "log",
    "config",
    "db",
    "directory",
    "resolve",
    "receive",
    "queue",
    "sending",
    "actions",
    "admin/access/policy.ts",
    "main.ts",
    "ldap.ts",
    "worker.ts",
    "process-log.ts",
    "returning.ts",
    "stage-settings.ts",
  ], // parses arguments, calls one function, prints; the process entry, starts main.ts; the words of tokens' scopes are the policy's
};
