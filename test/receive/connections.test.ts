import { once } from "node:events";
import net from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import tls from "node:tls";
import { SMTPServer } from "smtp-server";
import { SMTPConnection } from "smtp-server/lib/smtp-connection.js";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Campus, type CampusOptions, certificate, makeCertificate, openCampus } from "./campus.ts";
import { Client } from "./client.ts";

const open: Campus[] = [];
const start = async (options?: CampusOptions): Promise<Campus> => {
  const campus = await openCampus(options);
  open.push(campus);
  return campus;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((campus) => campus.receiver.close()));
});

const stillWorks = async (campus: Campus) => {
  const client = await Client.greeted(campus.port);
  expect(await client.transact("Subject: x\r\n\r\n.\r\n")).toMatch(/^250 2\.0\.0 Ok: queued as/);
  expect(await client.ask("QUIT")).toMatch(/^221/);
  client.close();
};

/** How many connections the receiver thinks it has. */
const connections = async (campus: Campus): Promise<number> => {
  const values = await Promise.all([campus.metrics.connects.get(), campus.metrics.disconnects.get()]);
  const [opened = 0, closed = 0] = values.map(({ values: [first] }) => first?.value ?? 0);
  return opened - closed;
};

describe("no connection ends the process", () => {
  test("resets at every moment, hundreds of them, give their place back", async () => {
    const campus = await start({ uncountedNetworks: [], limits: { connectionsPerClient: 30 } });
    const script = "EHLO x\r\nMAIL FROM:<a@evil.test>\r\nRCPT TO:<u@campus.test>\r\nDATA\r\nSubject: x\r\n\r\nhalf";
    for (let round = 0; round < 20; round++) {
      await Promise.all(
        Array.from({ length: 20 }, async (_, i) => {
          const socket = net.connect(campus.port, "127.0.0.1");
          socket.on("error", () => {});
          await once(socket, "connect");
          if (i % 4 > 0) await once(socket, "data");
          if (i % 4 > 1) socket.write(script.slice(0, (i / 20) * script.length));
          if (i % 4 > 2) await pause(1);
          socket.resetAndDestroy();
        }),
      );
    }
    await vi.waitFor(async () => expect(await connections(campus)).toBe(0));
    await stillWorks(campus);
    expect(campus.stored.length).toBe(1);
    expect(campus.logged.filter(({ event }) => event.startsWith("smtp."))).toEqual([]);
  });

  test.each([
    ["nonsense", Buffer.from("no ClientHello at all\r\n".repeat(10))],
    ["half a ClientHello and the end", Buffer.from("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "latin1")],
    ["nothing and the end", Buffer.alloc(0)],
  ])("a handshake that is %s", async (_name, octets) => {
    const campus = await start();
    for (const end of ["end", "reset"] as const) {
      const client = await Client.greeted(campus.port);
      expect(await client.ask("STARTTLS")).toMatch(/^220/);
      client.send(octets);
      await pause(20);
      client[end]();
    }
    await vi.waitFor(async () => expect(await connections(campus)).toBe(0));
    await stillWorks(campus);
  });

  test("a handshake that never goes on is cut", async () => {
    const campus = await start({ limits: { firstMailTimeout: 100, sweepInterval: 10 } });
    const client = await Client.greeted(campus.port);
    expect(await client.ask("STARTTLS")).toMatch(/^220/);
    expect(await client.hear()).toBe("closed");
    await stillWorks(campus);
  });

  test("a fault of ours ends that connection alone", async () => {
    const campus = await start();
    const client = await Client.greeted(campus.port);
    campus.faulty = true;
    await client.ask("MAIL FROM:<a@evil.test>");
    await client.ask("RCPT TO:<u@campus.test>");
    expect(await client.ask("DATA")).toBe("451 4.3.0 Local trouble, try again later");
    campus.faulty = false;
    expect(await client.ask("DATA")).toMatch(/^354/);
    client.close();
    await stillWorks(campus);
  });

  test("a client that never reads its replies is not read either", async () => {
    const campus = await start({ limits: { idleCommands: 1e9 } });
    const socket = net.connect(campus.port, "127.0.0.1");
    await once(socket, "data");
    socket.pause();
    const many = "NOOP\r\n".repeat(10_000);
    let blocked = 0;
    for (let i = 0; i < 1000 && blocked < 3; i++) {
      if (socket.write(many)) continue;
      const drained = await Promise.race([once(socket, "drain").then(() => true), pause(500).then(() => false)]);
      blocked = drained ? 0 : blocked + 1;
    }
    expect(blocked).toBe(3);
    socket.destroy();
    await stillWorks(campus);
  });
});

test("content sent octet by octet is read at intervals, and arrives as it was sent", async () => {
  const campus = await start();
  const client = await Client.greeted(campus.port);
  for (const line of ["MAIL FROM:<a@evil.test>", "RCPT TO:<u@campus.test>", "DATA"]) await client.ask(line);
  const begin = `Subject: x\r\n\r\n${"text\r\n".repeat(3000)}`;
  const slowly = "..\r\nsome more text, octet by octet\r\n".repeat(40);
  client.send(begin);
  for (const octet of `${slowly}.\r\n`) {
    client.send(octet);
    await new Promise(setImmediate);
  }
  expect(await client.hear()).toMatch(/^250/);
  expect(campus.stored[0]?.content.toString()).toBe(begin + slowly.replaceAll("..", "."));
  client.close();
});

describe("TLS", () => {
  test("1.2 and 1.3, with our certificate; nothing older", async () => {
    const campus = await start();
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const client = await Client.greeted(campus.port);
      await client.ask("STARTTLS");
      const secure = await client.startTls({ minVersion: version, maxVersion: version });
      expect(secure.getProtocol()).toBe(version);
      expect(secure.getPeerCertificate().subject.CN).toBe("mx.campus.test");
      expect(await client.ask("EHLO x")).toMatch(/^250/);
      expect(await client.transact("\r\n.\r\n")).toMatch(/^250/);
      client.close();
    }
    expect(campus.stored[0]?.message.prefix).toContain("with ESMTPS");
    const client = await Client.greeted(campus.port);
    await client.ask("STARTTLS");
    await expect(client.startTls({ minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" })).rejects.toThrow();
    await stillWorks(campus);
  });

  test("a new certificate serves new handshakes; a pair that does not fit changes nothing", async () => {
    const campus = await start();
    const served = async (): Promise<string> => {
      const client = await Client.greeted(campus.port);
      await client.ask("STARTTLS");
      const secure = await client.startTls();
      const name = String(secure.getPeerCertificate().subject.CN);
      client.close();
      return name;
    };
    const other = makeCertificate("new.campus.test");
    expect(await served()).toBe("mx.campus.test");
    expect(() => campus.receiver.reloadCertificate(other.cert, certificate().key)).toThrow();
    expect(() => campus.receiver.reloadCertificate("nonsense", other.key)).toThrow();
    expect(await served()).toBe("mx.campus.test");
    campus.receiver.reloadCertificate(other.cert, other.key);
    expect(await served()).toBe("new.campus.test");
  });

  test("a dialogue that was open before the change goes on", async () => {
    const campus = await start();
    const client = await Client.greeted(campus.port);
    await client.ask("STARTTLS");
    await client.startTls();
    const other = makeCertificate("new.campus.test");
    campus.receiver.reloadCertificate(other.cert, other.key);
    await client.ask("EHLO x");
    expect(await client.transact("\r\n.\r\n")).toMatch(/^250/);
    client.close();
  });
});

describe("listening", () => {
  test("on several addresses, IPv6 too; postmaster at each of them", async () => {
    const campus = await start({
      listen: [
        { host: "127.0.0.1", port: 0 },
        { host: "::1", port: 0 },
      ],
    });
    const [, six] = campus.receiver.addresses;
    const client = await Client.greeted(six?.port ?? 0, "::1");
    expect(await client.ask("MAIL FROM:<>")).toMatch(/^250/);
    expect(await client.ask("RCPT TO:<postmaster@[IPv6:::1]>")).toMatch(/^250/);
    expect(await client.ask("RCPT TO:<postmaster@[IPv6:0:0:0:0:0:0:0:1]>")).toMatch(/^250/);
    expect(await client.ask("RCPT TO:<postmaster@[IPv6:::2]>")).toMatch(/^550 5\.7\.1/);
    client.close();
    await stillWorks(campus);
  });

  test("on an address that is taken: an error, and the others are free again", async () => {
    const taken = net.createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as net.AddressInfo;
    const free = net.createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const first = (free.address() as net.AddressInfo).port;
    free.close();
    await once(free, "close");
    const listen = [
      { host: "127.0.0.1", port: first },
      { host: "127.0.0.1", port },
    ];
    await expect(openCampus({ listen })).rejects.toThrow("EADDRINUSE");
    const again = net.createServer().listen(first, "127.0.0.1");
    await once(again, "listening");
    again.close();
    taken.close();
  });
});

describe("stopping", () => {
  test("takes no new connections, and waits for a commit that runs", async () => {
    const campus = await openCampus();
    campus.commitDelay = 200;
    const client = await Client.greeted(campus.port);
    const answer = client.transact("\r\n.\r\n");
    await vi.waitFor(() => expect(campus.commits).toBe(1));
    const closed = campus.receiver.close();
    await expect(Client.connect(campus.port)).rejects.toThrow("ECONNREFUSED");
    expect(await answer).toMatch(/^250/);
    expect(await client.hear()).toMatch(/^421 4\.3\.2/);
    client.close();
    await closed;
    expect(campus.stored.length).toBe(1);
  });

  test("clients that do not hang up are gone after five seconds more", async () => {
    const campus = await openCampus();
    const socket = net.connect({ port: campus.port, host: "127.0.0.1", allowHalfOpen: true });
    await once(socket, "data");
    const began = performance.now();
    await campus.receiver.close();
    expect(performance.now() - began).toBeLessThan(7000);
    socket.destroy();
  }, 15_000);
});

/** What we use of the library's inside: when one of these goes away, so does what it was for. */
test("the library still has the members we override and call", () => {
  const ofConnection = [
    "_createParser",
    "_onCommand",
    "_setListeners",
    "_armTimeout",
    "_resetSession",
    "_onClose",
    "_onError",
    "_whenWritable",
  ];
  for (const name of [...ofConnection, "init", "send", "close", "upgrade"]) {
    expect(SMTPConnection.prototype, name).toHaveProperty(name);
  }
  for (const name of ["connect", "_handleProxy", "onSecure", "updateSecureContext"])
    expect(SMTPServer.prototype, name).toHaveProperty(name);
  const server = new SMTPServer({ ...certificate(), logger: false });
  const connection = new SMTPConnection(server, new net.Socket(), { id: "x" });
  for (const name of ["_upgrading", "_closing", "_closed", "_ready", "_handlerPending", "_parser", "_socket", "secure", "tlsOptions"]) {
    expect(connection, name).toHaveProperty(name);
  }
  expect(tls.DEFAULT_MIN_VERSION).toBe("TLSv1.2");
});
